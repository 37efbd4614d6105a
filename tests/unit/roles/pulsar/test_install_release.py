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


def test_a_release_that_is_not_installed_leaves_nothing_behind(bundle: Path, tmp_path: Path) -> None:
    release = tmp_path / "releases" / "1-new"
    configuration = tmp_path / "pip.conf"
    configuration.write_text("[global]\n")
    request = {
        "release": str(release),
        "bundle": str(bundle),
        "configuration": [str(configuration)],
        "owner": "",
        "group": "",
        "index": INDEX,
    }
    done = subprocess.run(
        [sys.executable, install_release.__file__, json.dumps(request)], check=False, stdout=subprocess.PIPE
    )
    assert done.returncode == 1
    problem = json.loads(done.stdout)["problem"]
    assert problem.startswith("1-new was not installed: ")
    assert "pulsar_runtime-1-py3-none-any.whl is invalid" in problem
    assert not release.exists()
    assert not bundle.exists()
    assert not configuration.exists()
