"""``python -m pulsar_runtime`` is the same as ``pulsar-runtime``."""

from pulsar_runtime.cli import main

main()
