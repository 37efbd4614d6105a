"""Unpack the collections that galaxy.yml names from the wheel of the package ``ansible``.

``python tests/unpack_collections.py WHEEL COLLECTIONS``: COLLECTIONS is a folder of Ansible's search path.
The wheel carries some hundred collections, most of which nobody here wants.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile

import yaml

GALAXY = Path(__file__).parents[1] / "galaxy.yml"


def main(wheel: Path, collections: Path) -> None:
    """Unpack them."""
    needed: Mapping[str, str] = yaml.safe_load(GALAXY.read_text())["dependencies"]
    with ZipFile(wheel) as content:
        for name in needed:
            unpack(content, name, collections)


def unpack(content: ZipFile, name: str, collections: Path) -> None:
    """Unpack one collection, called like ``community.crypto``."""
    root = f"ansible_collections/{name.replace('.', '/')}/"
    members = [member for member in content.namelist() if member.startswith(root)]
    if not members:
        sys.exit(f"{content.filename} does not carry {name}, which galaxy.yml names")
    content.extractall(collections, members)
    manifest = json.loads((collections / root / "MANIFEST.json").read_text())
    sys.stdout.write(f"{name} {manifest['collection_info']['version']}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
