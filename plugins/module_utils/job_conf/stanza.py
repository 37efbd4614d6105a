"""An endpoint written down on its own, for people to look at or to paste. Private to the collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import xml_conf, yaml_conf
from .section import ENVIRONMENTS, LIMITS, SECTIONS, TOOLS

YAML, XML, INLINE = "yaml", "xml", "inline"


def write_stanza(kind: str, sections: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Return the entries of each section as a configuration of their own; nothing if there are none."""
    given = {section: sections[section] for section in SECTIONS if sections.get(section)}
    if not given:
        return ""
    lines = _xml(given) if kind == XML else _yaml(given)
    if kind == INLINE:
        lines = ["galaxy:", "  job_config:", *(f"    {line}" for line in lines)]
    return "\n".join([*lines, ""])


def _yaml(sections: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    lines = []
    for section, entries in sections.items():
        as_list = section in (TOOLS, LIMITS)
        written = yaml_conf.write_entries(section, entries, as_list=as_list, flow=False)
        if section == ENVIRONMENTS:
            lines += ["execution:", "  environments:", *(f"    {line}" for line in written)]
        else:
            lines += [f"{section}:", *(f"  {line}" for line in written)]
    return lines


def _xml(sections: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    lines = ["<job_conf>"]
    for section, entries in sections.items():
        tag = xml_conf.TAGS[section].section
        written = xml_conf.write_entries(section, entries)
        lines += [f"    <{tag}>", *(f"        {line}" for line in written), f"    </{tag}>"]
    return [*lines, "</job_conf>"]
