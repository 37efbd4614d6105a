"""What tells the jobs of this instance from those of another one on the same cluster."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from pathlib import Path

#: Enough that no two launches that anybody follows share a mark.
_MARK_LENGTH = 10


def instance_identity(directory: Path) -> str:
    """Return the identity that is kept in *directory*; the first call makes it, and it stays for good."""
    path = directory / "identity"
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        pass
    identity = secrets.token_hex(16)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(f"{identity}\n")
        file.flush()
        # Jobs are found by it after the power was gone.
        os.fsync(descriptor)
    return identity


def launch_mark(identity: str, launch_id: str) -> str:
    """Return letters and digits that a batch system can carry for one launch of one instance."""
    digest = hashlib.sha256(f"{identity} {launch_id}".encode()).digest()
    return base64.b32encode(digest).decode()[:_MARK_LENGTH].lower()
