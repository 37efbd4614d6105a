"""What is said of a release that cannot be installed; that it can be is seen in tests/integration."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from roles.pulsar.files import bundle_release, install_release

INDEX = "https://index.example.org/simple"

#: What pip 23.0 and 25.1 print, shortened.
REFUSED = """WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after
connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f>:
Failed to establish a new connection: [Errno 111] Connection refused')': /simple/attrs/
ERROR: Could not find a version that satisfies the requirement attrs==26.1.0 (from versions: none)
ERROR: No matching distribution found for attrs==26.1.0
"""
MISMATCH = """ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If ...
    attrs==26.1.0 from https://index.example.org/attrs.whl:
        Expected sha256 aa
             Got        bb
"""


def test_an_index_that_cannot_be_reached_is_named_with_the_reason_and_the_cure() -> None:
    assert install_release.explain(REFUSED, INDEX) == (
        f"{INDEX} cannot be reached from this host (Connection refused): set pulsar_index_url or "
        "pulsar_index_ca_bundle, or pulsar_install_from to wheelhouse"
    )


def test_a_package_that_is_not_what_was_locked_is_named() -> None:
    assert install_release.explain(MISMATCH, INDEX) == (
        f"attrs==26.1.0 in {INDEX} does not have the hash that it was locked with: have it there anew"
    )


def test_a_package_that_is_not_there_is_named() -> None:
    said = REFUSED.splitlines()[-1]
    assert install_release.explain(said, "the wheelhouse") == (
        "No matching distribution found for attrs==26.1.0 in the wheelhouse: have it there"
    )


def test_a_full_disk_is_named() -> None:
    said = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n"
    assert install_release.explain(said, INDEX) == "No space left on device"


def test_what_is_not_known_is_said_as_pip_said_it() -> None:
    assert install_release.explain("ERROR: never seen before\n", INDEX) == "ERROR: never seen before"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle with a wheel that is none."""
    wheel = tmp_path / "pulsar_runtime-1-py3-none-any.whl"
    wheel.write_bytes(b"no wheel")
    requirements = tmp_path / "runtime.txt"
    requirements.write_text(f"attrs==26.1.0 --hash=sha256:{'0' * 64}\n")
    carried = tmp_path / "carried"
    carried.mkdir()
    (carried / "other-1-py3-none-any.whl").write_bytes(b"another one")
    (carried / "complete").touch()
    path = tmp_path / "release.bundle"
    bundle_release.bundle(wheel, requirements, path, carried)
    return path


def test_a_bundle_holds_the_wheels_and_the_list_with_the_hash_of_ours(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as content:
        assert sorted(content.namelist()) == [
            "pulsar_runtime-1-py3-none-any.whl",
            "requirements.txt",
            "wheels/other-1-py3-none-any.whl",
        ]
        listed = content.read("requirements.txt").decode().splitlines()
    digest = hashlib.sha256(b"no wheel").hexdigest()
    assert listed[-1] == f"./pulsar_runtime-1-py3-none-any.whl --hash=sha256:{digest}"


def test_the_same_content_makes_the_same_bundle(bundle: Path, tmp_path: Path) -> None:
    """Hosts of one kind are served from one file, also while it is written for another one of them."""
    again = tmp_path / "again.bundle"
    wheel = tmp_path / "pulsar_runtime-1-py3-none-any.whl"
    bundle_release.bundle(wheel, tmp_path / "runtime.txt", again, tmp_path / "carried")
    assert again.read_bytes() == bundle.read_bytes()


@pytest.fixture
def request_(bundle: Path, tmp_path: Path) -> dict[str, object]:
    """A request to install the bundle."""
    (tmp_path / "releases").mkdir()
    configuration = tmp_path / "pip.conf"
    configuration.write_text("[global]\n")
    return {
        "release": str(tmp_path / "releases" / "1-new"),
        "bundle": str(bundle),
        "configuration": [str(configuration)],
        "owner": "",
        "group": "",
        "index": INDEX,
    }


def start(request: dict[str, object]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, install_release.__file__, json.dumps(request)], stdout=subprocess.PIPE
    )


def test_a_release_that_is_not_installed_leaves_nothing_behind(
    request_: dict[str, object], bundle: Path, tmp_path: Path
) -> None:
    with start(request_) as installer:
        said, _ = installer.communicate(timeout=120)
    assert installer.returncode == 1
    problem = json.loads(said)["problem"]
    assert problem.startswith("1-new was not installed: ")
    assert "pulsar_runtime-1-py3-none-any.whl is invalid" in problem
    assert not (tmp_path / "releases" / "1-new").exists()
    assert not bundle.exists()
    assert not (tmp_path / "pip.conf").exists()


def test_what_another_installer_has_made_meanwhile_is_taken(
    request_: dict[str, object], tmp_path: Path
) -> None:
    """It goes on when its control node has gone away."""
    release = tmp_path / "releases" / "1-new"
    with install_release.alone(release.parent):
        installer = start(request_)
        with pytest.raises(subprocess.TimeoutExpired):
            installer.wait(1)
        release.mkdir()
        (release / "complete").touch()
    with installer:
        assert installer.wait(60) == 0
    assert [path.name for path in release.iterdir()] == ["complete"]


def test_another_installer_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install_release, "PATIENCE_SECONDS", 0.0)
    with (
        install_release.alone(tmp_path),
        pytest.raises(install_release.InstallationFailed, match="let it end"),
        install_release.alone(tmp_path),
    ):
        pass
