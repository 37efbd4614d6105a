"""Measures our server beside the reference, in one run."""
