from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from playbooks.files import gather_wheels
from playbooks.files.gather_wheels import GatheringFailed, Platform, Wanted

ROOT = Path(__file__).parents[3]
DEBIAN_13 = Platform("3.13", "x86_64")

LOCK = r"""
# made by a command
first-package==1.0 ; sys_platform == 'linux' \
    --hash=sha256:aa \
    --hash=sha256:bb
    # via something
for-windows==2.0 ; sys_platform == 'win32' \
    --hash=sha256:cc
for.others==3.0 ; python_version < '3.12' or platform_machine == 's390x' \
    --hash=sha256:dd
Last_Package==4.0 \
    --hash=sha256:ee
"""


def wheel(directory: Path, name: str, content: bytes) -> str:
    """Write a wheel, or what looks like one from outside, and return its digest."""
    directory.mkdir(exist_ok=True)
    (directory / name).write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def test_a_lock_is_read_for_the_host_and_not_for_this_machine() -> None:
    assert gather_wheels.read_lock(LOCK, DEBIAN_13) == [
        Wanted("first-package", "1.0", frozenset({"aa", "bb"})),
        Wanted("last-package", "4.0", frozenset({"ee"})),
    ]
    names = {each.name for each in gather_wheels.read_lock(LOCK, Platform("3.13", "s390x"))}
    assert names == {"first-package", "for-others", "last-package"}


def test_the_lock_of_the_runtime_can_be_read() -> None:
    text = (ROOT / "runtime" / "requirements" / "runtime.txt").read_text()
    wanted = gather_wheels.read_lock(text, DEBIAN_13)
    assert {"flask", "gunicorn", "gevent", "greenlet"} <= {each.name for each in wanted}
    assert all(each.hashes for each in wanted)


@pytest.mark.parametrize(
    "name", ["", "py3.13-x86_64", "py3.13-x86_64-musl", "../py3.13-x86_64-glibc", "py2.7-x-glibc"]
)
def test_what_is_no_platform_that_can_be_served_is_refused(name: str) -> None:
    with pytest.raises(GatheringFailed, match=r"looks like py3\.13-x86_64-glibc"):
        Platform.parse(name)


def test_pip_is_told_every_name_of_the_platform() -> None:
    """PEP 600 defines what each of the older names stands for."""
    options = list(Platform.parse("py3.13-aarch64-glibc").pip_options())
    assert {"--python-version=3.13", "--abi=cp313", "--abi=abi3", "--abi=none"} <= set(options)
    assert {"--platform=manylinux_2_28_aarch64", "--platform=manylinux2014_aarch64"} <= set(options)
    assert "--platform=manylinux_2_29_aarch64" not in options


def test_a_set_is_complete_when_every_package_has_a_wheel_with_a_locked_content(tmp_path: Path) -> None:
    good = wheel(tmp_path, "one_package-1.0-py3-none-any.whl", b"one")
    wheel(tmp_path, "other-2.0-py3-none-any.whl", b"corrupt")
    wheel(tmp_path, "not a wheel.whl", b"")
    wanted = [
        Wanted("one-package", "1.0", frozenset({"ff", good})),
        Wanted("other", "2.0", frozenset({hashlib.sha256(b"as locked").hexdigest()})),
        Wanted("absent", "3.0", frozenset({"aa"})),
    ]
    assert gather_wheels.missing(wanted, tmp_path) == ["other 2.0", "absent 3.0"]
    assert gather_wheels.missing(wanted[:1], tmp_path) == []
    assert len(gather_wheels.missing(wanted, tmp_path / "nowhere")) == 3


class Gathering:
    """A wheelhouse, and a twin of pip that brings what it has."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wheelhouse = directory / "wheelhouse"
        self.lock = directory / "lock.txt"
        self.brings: dict[str, bytes] = {}
        self.downloads = 0
        monkeypatch.setattr(gather_wheels, "download", self.download)

    def download(self, wanted: list[Wanted], platform: Platform, scratch: Path, destination: Path) -> None:
        assert wanted
        assert platform == DEBIAN_13
        assert scratch.is_dir()
        self.downloads += 1
        destination.mkdir()
        for name, content in self.brings.items():
            wheel(destination, name, content)

    def want(self, name: str, version: str, content: bytes) -> None:
        self.lock.write_text(f"{name}=={version} --hash=sha256:{hashlib.sha256(content).hexdigest()}\n")

    def gather(self) -> bool:
        return gather_wheels.gather(self.lock, self.wheelhouse, "py3.13-x86_64-glibc")

    def gathered(self) -> list[str]:
        return sorted(str(path.relative_to(self.wheelhouse)) for path in self.wheelhouse.rglob("*"))


@pytest.fixture
def gathering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gathering:
    return Gathering(tmp_path, monkeypatch)


def test_what_is_there_is_not_brought_again(gathering: Gathering) -> None:
    gathering.want("one", "1", b"one")
    gathering.brings = {"one-1-py3-none-any.whl": b"one"}
    assert gathering.gather() is True
    assert gathering.gather() is False
    assert gathering.downloads == 1
    assert gathering.gathered() == ["py3.13-x86_64-glibc", "py3.13-x86_64-glibc/one-1-py3-none-any.whl"]


def test_another_lock_replaces_the_whole_directory(gathering: Gathering) -> None:
    gathering.want("one", "1", b"one")
    gathering.brings = {"one-1-py3-none-any.whl": b"one"}
    gathering.gather()
    gathering.want("one", "2", b"two")
    gathering.brings = {"one-2-py3-none-any.whl": b"two"}
    assert gathering.gather() is True
    assert gathering.gathered() == ["py3.13-x86_64-glibc", "py3.13-x86_64-glibc/one-2-py3-none-any.whl"]


def test_an_incomplete_set_never_appears(gathering: Gathering) -> None:
    gathering.want("one", "1", b"one")
    with pytest.raises(GatheringFailed, match=r"pip brought no wheels of one 1 for py3\.13-x86_64-glibc"):
        gathering.gather()
    assert gathering.gathered() == []
