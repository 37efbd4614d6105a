"""Pulsar's wire vocabulary, and nothing else in this program, is spelled here."""
