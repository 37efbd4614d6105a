"""A machine that does not let us open files safely is refused at the start."""

from __future__ import annotations

import errno
import os

import pytest

from pulsar_runtime.domain.errors import UnfitHost
from pulsar_runtime.store import openat2


def test_this_machine_will_do() -> None:
    openat2.require_openat2()


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EPERM])
def test_an_old_kernel_or_a_closed_container_is_refused_with_the_cure(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refused(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(openat2, "openat2", refused)
    with pytest.raises(UnfitHost, match=r"Linux 5\.6 or later.*seccomp"):
        openat2.require_openat2()
