"""A body that Galaxy's web frameworks read as one file (RFC 7578)."""

from __future__ import annotations

import contextlib
from io import BytesIO

import pytest
from werkzeug.formparser import parse_form_data

from pulsar_runtime.staging.multipart import MultipartFile


def parsed(body: MultipartFile) -> tuple[str | None, bytes]:
    data = b"".join(body)
    assert len(data) == len(body)
    _, form, files = parse_form_data(
        {
            "wsgi.input": BytesIO(data),
            "CONTENT_TYPE": body.content_type,
            "CONTENT_LENGTH": str(len(data)),
            "REQUEST_METHOD": "POST",
        }
    )
    assert list(form) == []
    assert list(files) == ["file"]
    with contextlib.closing(files["file"]) as file:
        return file.filename, file.read()


@pytest.mark.parametrize("pieces", [[], [b"x"], [b"ab\r\n", b"--cd", b"\r\n"], [b"x" * 70_000] * 3])
def test_it_is_one_file_of_that_content(pieces: list[bytes]) -> None:
    body = MultipartFile("a.dat", sum(map(len, pieces)), iter(pieces))
    assert parsed(body) == ("a.dat", b"".join(pieces))


@pytest.mark.parametrize("name", ["two words.dat", "\u00e9\u2603", "part 100% + & [x] (1).txt", "a;b='c'"])
def test_any_name_is_its_name(name: str) -> None:
    assert parsed(MultipartFile(name, 0, iter(()))) == (name, b"")


@pytest.mark.parametrize("name", ['a"b', "a\r\nX-Y: z"])
def test_no_name_gets_out_of_its_quotes(name: str) -> None:
    """The rest of it would be headers, or another field."""
    filename, content = parsed(MultipartFile(name, 1, iter([b"x"])))
    assert content == b"x"
    assert filename in (name, name.replace("\r", "%0D").replace("\n", "%0A"))


def test_a_small_file_goes_in_one_piece() -> None:
    assert len(list(MultipartFile("a", 1, iter([b"x"])))) == 1
