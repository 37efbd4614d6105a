"""The back ends that run jobs."""
