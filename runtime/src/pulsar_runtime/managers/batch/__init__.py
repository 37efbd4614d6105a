"""Batch systems that are spoken to with their own commands."""
