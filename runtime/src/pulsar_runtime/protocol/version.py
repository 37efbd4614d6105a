"""The version that clients are told."""

from pulsar_runtime import __version__

#: The release of the reference whose behaviour we match; clients gate features on it (protocol section 2.1).
PROTOCOL_LEVEL = "0.16.0"

PULSAR_VERSION = f"{PROTOCOL_LEVEL}+runtime.{__version__}"
