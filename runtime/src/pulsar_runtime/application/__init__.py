"""The use cases; they know ports, not adapters."""
