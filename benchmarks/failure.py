"""How a measurement says that it could not be made."""

from __future__ import annotations


class MeasurementFailed(Exception):
    """A server, a job or a wait did not do what the measurement needs."""
