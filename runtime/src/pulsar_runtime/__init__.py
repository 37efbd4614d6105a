"""The Pulsar-compatible job server that the collection ``galaxyops.pulsar`` deploys."""

__version__ = "0.1.0"
