"""The HTTP API (protocol section 1)."""
