"""What holds for every edit of every job configuration."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.module_utils.job_conf.document import Document
from plugins.module_utils.job_conf.edit import ensure, remove
from plugins.module_utils.job_conf.endpoint import Endpoint
from plugins.module_utils.job_conf.error import JobConfError
from plugins.module_utils.job_conf.xml_document import XmlDocument
from plugins.module_utils.job_conf.yaml_document import INLINE, YamlDocument

WORDS = st.sampled_from(
    ["local", "slurm", "a b", "caf\u00e9", "'quoted'", '"double"', "it''s", "x: y", "#no"]
)
COMMENTS = st.sampled_from(
    ["", "# a comment", "    # indented", "#runners:", "  #  - {id: gone}", "  ", "# {{ jinja }}"]
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS | st.just("a\n b\n"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=3,
)
IDS = st.from_regex(r"[a-z][a-z0-9 _.-]{0,6}", fullmatch=True)


def quoted(word: str) -> str:
    """Return a word as a YAML scalar, in quotes of one sort or the other."""
    return "'" + word.replace("'", "''") + "'" if "'" not in word else '"' + word.replace('"', "") + '"'


@st.composite
def entries(draw: st.DrawFn, indent: str, names: list[str]) -> list[str]:
    """Return the lines of a mapping's entries, each in a style of its own."""
    lines = []
    for name in names:
        style = draw(st.sampled_from(["block", "flow", "literal", "folded", "anchor"]))
        word = quoted(draw(WORDS))
        lines.append(draw(COMMENTS))
        if style == "flow":
            lines.append(f"{indent}{name}: {{runner: local, load: x, a: {word}}}  # flow")
        elif style == "anchor":
            lines += [
                f"{indent}{name}: &a{len(indent)}{name}",
                f"{indent}  runner: local",
                f"{indent}  load: {word}",
            ]
        else:
            lines += [f"{indent}{name}:", f"{indent}    runner: local", f"{indent}    load: {word}"]
        if style in ("literal", "folded"):
            sign = draw(st.sampled_from(["|", ">", "|-", ">+"])) if style == "literal" else ">-"
            lines += [
                f"{indent}    text: {sign}",
                f"{indent}      # not a comment",
                f"{indent}      {word}",
                "",
            ]
    return [*lines, draw(COMMENTS)]


@st.composite
def yaml_texts(draw: st.DrawFn) -> str:
    """Return a job configuration, with sections in any order and in any style."""
    step = draw(st.sampled_from([" ", "  ", "    "]))
    runners = ["runners:  # who", *draw(entries(step, ["local", "slurm"]))]
    environments = draw(
        st.sampled_from(["block", "list", "flow", "zero"]),
    )
    execution = ["execution:", f"{step}default: local", f"{step}environments:"]
    if environments == "flow":
        execution[-1] += " {local: {runner: local}, slurm: {runner: slurm}}"
    elif environments == "list":
        execution += [f"{step}{step}- id: local", f"{step}{step}  runner: local"]
    elif environments == "zero":
        execution += [f"{step}-   id: local", f"{step}    runner: local", draw(COMMENTS)]
    else:
        execution += draw(entries(step + step, ["local", "slurm"]))
    tools = draw(
        st.sampled_from(
            [
                [],
                ["tools: []"],
                ["tools:", "- {id: a, environment: local}"],
                ["tools:", "", "  -", "    id: b"],
            ]
        )
    )
    limits = draw(
        st.sampled_from([[], ["limits: [ ]  # none"], ["limits: [{type: walltime, value: '1:00:00'}]"]])
    )
    sections = draw(st.permutations([runners, execution, tools, limits]))
    lines = [draw(COMMENTS), *(line for section in sections for line in section)]
    line_break = draw(st.sampled_from(["\n", "\r\n"]))
    text = line_break.join(lines) + line_break * draw(st.integers(0, 2))
    return text + draw(st.sampled_from(["", "", f"...{line_break}"])) if text.endswith(line_break) else text


@st.composite
def xml_texts(draw: st.DrawFn) -> str:
    """Return a job configuration in XML."""
    gaps = st.sampled_from(["", "\n", "\n    ", "\n\t", "<!-- a comment -->", "\n    <!-- <tools> -->\n  "])

    def gap() -> str:
        return draw(gaps)

    word = draw(st.sampled_from(["a &lt; b", "<![CDATA[ </destinations> ]]>", "&#233;", ""]))
    workers = draw(st.sampled_from(["", " workers='2'"]))
    plugins = f'<plugins{workers}>{gap()}<plugin id="local" type="runner"\n load="x"/>{gap()}</plugins>'
    default = draw(st.sampled_from(["", ' default="local"']))
    destinations = (
        f"<destinations{default}>{gap()}<destination id='local' runner=\"local\">"
        f"<param id='p>q'>{word}</param></destination>{gap()}</destinations >"
    )
    tools = draw(st.sampled_from(["", "<tools/>", "<tools></tools>", '<tools>\n<tool id="a"/>\n</tools>']))
    parts = draw(st.permutations([plugins, destinations, tools]))
    head = draw(st.sampled_from(["", '<?xml version="1.0"?>\n', "<!-- <job_conf> -->\n"]))
    text = head + "<job_conf>" + "".join(gap() + part for part in parts) + gap() + "</job_conf>" + gap()
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


@st.composite
def endpoints(draw: st.DrawFn, name: str, values: st.SearchStrategy[Any] = VALUES) -> Endpoint:
    """Return an endpoint with ids that nobody else has."""
    params = st.dictionaries(st.from_regex(r"p[a-z]{3}", fullmatch=True), values, max_size=3)
    ids = draw(st.lists(IDS, max_size=2, unique=True))
    environments = [
        {
            "id": f"{name} {each}",
            "runner": f"{name} runner",
            "tags": [f"{name}-{each}-tag"],
            "params": draw(params),
        }
        for each in ids
    ]
    first = [environments[0]["id"]] if environments else []
    return Endpoint(
        name,
        {"id": f"{name} runner", "load": "x", "params": draw(params)},
        environments,
        [{"id": f"{name}tool", "environment": each} for each in first],
        [{"type": "environment_total_concurrent_jobs", "id": each, "value": 3} for each in first],
    )


def check(original: Document, one: Endpoint, other: Endpoint, changed: Endpoint) -> None:
    """Hold two endpoints that come, change and go in any order against what has to be true."""
    with_one = ensure(original, one, adopt=False)
    assert ensure(with_one, one, adopt=False).text == with_one.text
    remaining = iter(with_one.text)
    assert all(character in remaining for character in original.text)
    both = ensure(with_one, other, adopt=False)
    assert ensure(both, one, adopt=False).text == both.text
    assert remove(both, other.name).text == with_one.text
    assert remove(remove(both, one.name), other.name).text == original.text
    after_change = ensure(both, changed, adopt=False)
    assert ensure(after_change, changed, adopt=False).text == after_change.text
    assert remove(remove(after_change, one.name), other.name).text == original.text
    assert remove(original, one.name).text == original.text


@settings(max_examples=25, deadline=None)
@given(yaml_texts(), endpoints("one"), endpoints("two"), endpoints("one"))
def test_yaml(text: str, one: Endpoint, other: Endpoint, changed: Endpoint) -> None:
    check(YamlDocument(text), one, other, changed)
    written = yaml.safe_load(ensure(YamlDocument(text), one, adopt=False).text)
    read = written["runners"]["one runner"]
    assert {key: read[key] for key in one.runner["params"]} == one.runner["params"]


@settings(max_examples=25, deadline=None)
@given(yaml_texts(), endpoints("one"), endpoints("two"), endpoints("one"))
def test_inline(text: str, one: Endpoint, other: Endpoint, changed: Endpoint) -> None:
    lines = text.replace("...\n", "").replace("...\r\n", "").splitlines(keepends=True)
    whole = "galaxy:\n  job_config:\n" + "".join(f"    {line}" for line in lines) + "\n  brand: x\n"
    check(YamlDocument(whole, INLINE), one, other, changed)


SCALARS = st.booleans() | st.integers() | TEXTS.filter(lambda text: text.isprintable())


@settings(max_examples=25, deadline=None)
@given(xml_texts(), endpoints("one", SCALARS), endpoints("two", SCALARS), endpoints("one", SCALARS))
def test_xml(text: str, one: Endpoint, other: Endpoint, changed: Endpoint) -> None:
    check(XmlDocument(text.encode().decode("latin-1")), one, other, changed)
    read = ensure(XmlDocument(text), one, adopt=False).conf.runners["one runner"]["params"]
    for name, value in one.runner["params"].items():
        assert (read[name] or "") == (str(value).lower() if isinstance(value, bool) else str(value))


def test_an_edit_that_would_change_something_else_is_refused() -> None:
    """A key below a text whose last line has no end would give it one."""
    document = YamlDocument("execution: {}\nrunners: {}\nlast: |\n  no line break at its end")
    endpoint = Endpoint("x", {"id": "x", "load": "x", "params": {}}, (), [{"id": "t", "environment": "e"}])
    with pytest.raises(JobConfError, match="this edit would change something else as well"):
        ensure(document, endpoint, adopt=False)
