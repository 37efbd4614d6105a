"""Where the processes' own messages go."""

from __future__ import annotations

import logging

from pulsar_runtime.config.load import Loaded


def to_stderr(loaded: Loaded) -> None:
    """Log to standard error, beginning with the warnings about the configuration."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s [%(process)d] %(name)s: %(message)s"
    )
    for warning in loaded.warnings:
        logging.getLogger("pulsar_runtime.config").warning("%s", warning)
