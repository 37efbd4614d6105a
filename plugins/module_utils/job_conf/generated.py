"""Files that something else writes: an edit of one is undone when it writes it again.

Private to the collection.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .error import JobConfError
from .position import line_of

_CURE = "put what state: rendered returns into what this file is made from"
_TEMPLATE_NAMES = (".j2", ".jinja", ".jinja2", ".tmpl", ".erb")
_STATEMENT = re.compile(
    r"\{%-?\s*(?:if|for|set|else|elif|end\w+|include|import|from|block|macro|raw|extends)\b"
)
_EXPRESSION = re.compile(r"\{\{([^{}]+)\}\}")
#: Go's templates, which Docker takes as arguments, have names that begin with a dot.
_GO = re.compile(r"(?:^|[\s(])\.")
_COMMENTS = {"yaml": re.compile(r"(?m)(?:^|(?<=\s))#.*$"), "xml": re.compile(r"(?s)<!--.*?-->")}
_MANAGED = re.compile(
    r"(?i)ansible[ _-]managed|do not (?:edit|modify)|auto(?:matically|-)[ -]?(?:generated|managed)"
    r"|(?:controlled|generated|maintained|managed|written) by "
    r"(?:ansible|cfengine|chef|helm|puppet|salt|terraform)"
    r"|(?:changes|edits|modifications)\b.*\b(?:lost|overwritten|reverted|undone)"
)
_HEAD_LINES = 20


def refuse_generated(path: str, text: str, syntax: str) -> None:
    """Raise `JobConfError` for a template, and for a file that says that something else writes it.

    *syntax* is that of its comments: ``yaml`` or ``xml``. Comments may hold anything but such a notice, and
    those only near the beginning.
    """
    if path.endswith(_TEMPLATE_NAMES):
        raise JobConfError(f"it is a template by its name: {_CURE}")
    comments = _COMMENTS[syntax]
    for line, notice in _notices(text, comments):
        raise JobConfError(f"line {line} says that something else writes it ({notice}): {_CURE}")
    content = comments.sub(lambda found: "\n" * found[0].count("\n"), text)
    for found in (*_STATEMENT.finditer(content), *_EXPRESSION.finditer(content)):
        if not _GO.search(found[0].strip("{}%-")):
            raise JobConfError(
                f"line {line_of(content, found.start())} holds Jinja that was not rendered: {_CURE}"
            )


def _notices(text: str, comments: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    for comment in comments.finditer(text):
        for number, line in enumerate(comment[0].splitlines(), line_of(text, comment.start())):
            if number <= _HEAD_LINES and _MANAGED.search(line):
                yield number, line.strip(" #<>!-")
