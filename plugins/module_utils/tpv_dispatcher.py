"""The files that Galaxy's environment for TPV names (``tpv_config_files``). Private to the collection.

Galaxy's job configuration is edited as `job_conf` does: what is inserted can be taken out again, and every
other byte stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape, unescape

from .job_conf.config_file import ConfigFile, read_file, replace_file
from .job_conf.document import Document
from .job_conf.effect import refuse_without_effect
from .job_conf.error import JobConfError
from .job_conf.position import end_of_line_before, line_end, line_start, newline_of
from .job_conf.reading import find_settings, read_editable
from .job_conf.stanza import INLINE, XML
from .job_conf.xml_tree import Element, parse
from .job_conf.yaml_document import YamlDocument
from .job_conf.yaml_library import compose, dump_flow
from .job_conf.yaml_nodes import YamlNode, end_of
from .job_conf.yaml_slot import find_pair

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

KEY = "tpv_config_files"


class _File(NamedTuple):
    """One of the list, and between which offsets a text is cut to take it out."""

    name: str
    start: int
    end: int


class _Files(NamedTuple):
    """A list of files, and what is inserted where to add one."""

    files: list[_File]
    offset: int
    added: str


class Dispatcher(NamedTuple):
    """The environment that has TPV find destinations, in its file: as it was read, and as it is to be."""

    file: ConfigFile
    environment: str
    before: Document
    after: Document
    warnings: list[str]

    @classmethod
    def read(cls, path: str, environment: str) -> Dispatcher:
        """Read a job configuration; raises `JobConfError` if it cannot be edited or has no effect."""
        file = read_file(path)
        document = read_editable(file)
        is_inline = document.kind == INLINE
        settings = find_settings(file, None, inline=is_inline)
        warnings = refuse_without_effect(path, settings, inline=is_inline)
        return cls(file, environment, document, document, warnings)

    @property
    def is_changed(self) -> bool:
        """Tell whether there is anything to write."""
        return self.after.text != self.before.text

    def difference(self) -> list[str]:
        """Return the lists of files before and after; the rest of the file may hold secrets."""
        lists = (_find(each, self.environment, "").files for each in (self.before, self.after))
        return ["".join(f"{file.name}\n" for file in files) for files in lists]

    def require_runner(self, runner: str) -> None:
        """Raise `JobConfError` unless there is such a runner."""
        if runner not in self.before.conf.runners:
            raise JobConfError(f"it has no runner {runner}, which the destination is to use: add that first")

    def with_file(self, path: str) -> Dispatcher:
        """Have a file as the last one of the list, unless it is in it; raises `JobConfError`."""
        found = _find(self.after, self.environment, path)
        if path in (file.name for file in found.files):
            return self
        text = self.after.text
        return self._with(text[: found.offset] + found.added + text[found.offset :])

    def without_file(self, path: str) -> Dispatcher:
        """Have a file no longer in the list; raises `JobConfError` if TPV would be left without any."""
        files = _find(self.after, self.environment, path).files
        file = next((file for file in files if file.name == path), None)
        if file is None:
            return self
        if len(files) == 1:
            raise JobConfError(
                f"{path} is the only one of {KEY} in the environment {self.environment}, and TPV does not "
                "work without any: name another file there first"
            )
        return self._with(self.after.text[: file.start] + self.after.text[file.end :])

    def write(self, module: AnsibleModule, *, backup: bool) -> str | None:
        """Write the file; return where it is kept as it was, if that is wanted."""
        content = self.after.text.encode("latin-1" if self.before.kind == XML else "utf-8")
        return replace_file(module, self.file, content, backup=backup)

    def _with(self, text: str) -> Dispatcher:
        return self._replace(after=self.after.of(text))


def _find(document: Document, environment: str, path: str) -> _Files:
    if not isinstance(document, YamlDocument):
        return _in_xml(document.text, environment, path)
    node = _node(document, environment)
    return _in_brackets(node, path) if node.flow else _in_lines(document.text, node, path)


def _missing(environment: str) -> JobConfError:
    return JobConfError(
        f"the environment {environment} has no list {KEY}: name the environment that has TPV find "
        "destinations, and write its files as a list"
    )


def _node(document: YamlDocument, environment: str) -> YamlNode:
    """Return the list of files of an environment."""
    place = find_pair(compose(document.text), (*document.above, "execution", "environments"))
    if place is None:
        raise _missing(environment)
    node: YamlNode | None = place.value
    steps: tuple[str, ...] = (environment,)
    if place.value.kind == "sequence":
        node = next((item for item in place.value.items if _id(item) == environment), None)
        steps = ()
    for path in ((*steps, KEY), (*steps, "params", KEY)):
        pair = find_pair(node, path)
        if pair and pair.value.items:
            return pair.value
    raise _missing(environment)


def _id(node: YamlNode) -> str | None:
    return next((value.text for key, value in node.pairs if key.text == "id"), None)


def _in_lines(text: str, node: YamlNode, path: str) -> _Files:
    last = node.items[-1]
    dash = re.fullmatch(r" *-[ \t]+", text[line_start(text, last.start) : last.start])
    if dash is None:
        raise JobConfError(f"line {last.line}: a file of {KEY} has to be in a line of its own")
    files = [
        _File(item.text, end_of_line_before(text, item.start), line_end(text, end_of(item)))
        for item in node.items
    ]
    return _Files(files, files[-1].end, f"{newline_of(text)}{dash[0]}{_written(path)}")


def _in_brackets(node: YamlNode, path: str) -> _Files:
    files = [_File(node.items[0].text, node.items[0].start, node.items[min(1, len(node.items) - 1)].start)]
    for before, item in zip(node.items, node.items[1:]):
        files.append(_File(item.text, before.end, item.end))
    return _Files(files, node.items[-1].end, f", {_written(path)}")


def _written(path: str) -> str:
    return dump_flow([path])[1:-1]


def _in_xml(text: str, environment: str, path: str) -> _Files:
    for param in _params(parse(text), environment):
        if param.attributes.get("id") != KEY or not param.text or param.children:
            continue
        if not path.isascii():
            raise JobConfError(f"{path} has letters that XML may have in another encoding: use plain ones")
        files = list(_between_commas(text, param.inside, param.close))
        return _Files(files, files[-1].end, f",{escape(path)}")
    raise _missing(environment)


def _params(root: Element, environment: str) -> Iterator[Element]:
    for destinations in root.all("destinations"):
        for destination in destinations.all("destination"):
            if destination.attributes.get("id") == environment:
                yield from destination.all("param")


def _between_commas(text: str, start: int, end: int) -> Iterator[_File]:
    offset = start
    for name in text[start:end].split(","):
        behind = offset + len(name)
        # The first goes with the comma behind it, each other one with the comma before it.
        cut = (offset, min(behind + 1, end)) if offset == start else (offset - 1, offset + len(name.rstrip()))
        yield _File(unescape(name.strip()), *cut)
        offset = behind + 1
