"""The command ``pulsar-runtime``."""

from pulsar_runtime.cli.main import main

__all__ = ["main"]
