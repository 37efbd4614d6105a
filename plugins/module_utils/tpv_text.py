"""Texts that Total Perspective Vortex takes for Python's formatted strings. Private to the collection."""

from __future__ import annotations

#: TPV puts a text between ``f'''`` and ``'''``, and what comes of that is the parameter:
#: https://total-perspective-vortex.readthedocs.io/en/latest/topics/custom_rules.html
_MEANS_MORE = str.maketrans({"{": "{{", "}": "}}", "\\": "\\\\", "'": "\\'"})


def literal(text: str) -> str:
    """Return what TPV makes exactly this text of."""
    return text.translate(_MEANS_MORE)
