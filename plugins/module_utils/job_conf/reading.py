"""From a file to the document that it holds. Private to the collection."""

from __future__ import annotations

import os

from .config_file import ConfigFile, read_file
from .document import Document
from .effect import GALAXY_FILE, Settings, read_settings
from .error import JobConfError
from .generated import refuse_generated
from .xml_document import XmlDocument
from .yaml_document import INLINE, YamlDocument
from .yaml_library import load


def read_document(file: ConfigFile) -> Document:
    """Return what a file holds; XML by the same rule as Galaxy's: by the file's name."""
    if ".xml" in file.path:
        return XmlDocument(file.content.decode("latin-1"))
    text = _decoded(file)
    whole = load(text)
    if isinstance(whole, dict) and "galaxy" in whole and "runners" not in whole:
        galaxy = whole["galaxy"]
        if not isinstance(galaxy, dict) or not isinstance(galaxy.get("job_config"), dict):
            raise JobConfError(
                "it has no job_config with anything in it: give the file that Galaxy reads instead, as "
                "job_config_file in it says"
            )
        return YamlDocument(text, INLINE)
    return YamlDocument(text)


def read_editable(file: ConfigFile) -> Document:
    """Return what a file holds, unless an edit of it would be undone by whatever writes it."""
    if ".xml" in file.path:
        refuse_generated(file.path, file.content.decode("latin-1"), "xml")
    else:
        refuse_generated(file.path, _decoded(file), "yaml")
    return read_document(file)


def find_settings(file: ConfigFile, galaxy_config: str | None, *, inline: bool) -> Settings | None:
    """Return what Galaxy's own configuration says: this file, the one given, or the one beside it."""
    if inline:
        return read_settings(file.path, _decoded(file))
    path = galaxy_config or os.path.join(os.path.dirname(file.path), GALAXY_FILE)
    if galaxy_config is None and not os.path.exists(path):
        return None
    try:
        return read_settings(path, _decoded(read_file(path)))
    except JobConfError as exc:
        raise JobConfError(f"{path}, which says where Galaxy's job configuration is: {exc}") from exc


def _decoded(file: ConfigFile) -> str:
    try:
        return file.content.decode("utf-8")
    except UnicodeDecodeError as exc:
        line = file.content.count(b"\n", 0, exc.start) + 1
        raise JobConfError(f"line {line}: it is not encoded in UTF-8") from exc
