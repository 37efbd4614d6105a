"""Which services have to be restarted, with a systemctl that says what it is told."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from roles.slurm.files import outdated_services

#: As systemd 257 writes it, and what date(1) makes of it.
STARTED = ("Sun 2026-11-22 22:28:49.767000 UTC", 1795386529.767)

Outdated = Callable[[dict[str, list[str]]], list[str]]


@pytest.fixture
def outdated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Outdated:
    """Ask about services, of which ``away`` does not run and the others do since `STARTED`."""
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.parent.mkdir()
    systemctl.write_text(f'#!/bin/sh\nfor unit; do :; done\n[ "$unit" = away ] || echo "{STARTED[0]}"\n')
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", str(systemctl.parent), prepend=":")

    def outdated(services: dict[str, list[str]]) -> list[str]:
        outdated_services.main(services)
        found: list[str] = json.loads(capsys.readouterr().out)
        return found

    return outdated


def file(path: Path, written: float) -> str:
    path.touch()
    os.utime(path, (written, written))
    return str(path)


def test_a_service_is_outdated_by_a_file_that_was_written_after_its_start(
    outdated: Outdated, tmp_path: Path
) -> None:
    before = file(tmp_path / "before", STARTED[1] - 0.01)
    after = file(tmp_path / "after", STARTED[1] + 0.01)
    missing = str(tmp_path / "missing")
    assert outdated({"one": [before, after], "two": [before, missing], "three": [after]}) == ["one", "three"]


def test_a_service_that_does_not_run_is_not_outdated(outdated: Outdated, tmp_path: Path) -> None:
    assert outdated({"away": [file(tmp_path / "file", STARTED[1])]}) == []
