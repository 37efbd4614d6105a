"""The one error of what edits Galaxy's job configuration. Private to the collection."""

from __future__ import annotations


class JobConfError(Exception):
    """A job configuration cannot be read or must not be edited; says which, why and what to do."""
