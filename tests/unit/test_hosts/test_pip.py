"""What of the control node's pip a test host is given."""

from __future__ import annotations

import configparser
from pathlib import Path

from test_hosts.pip import PipConfiguration

CERTIFICATES = Path(__file__)


def test_variables_of_the_environment_win_over_files_and_install_over_global() -> None:
    """That is pip's own order: https://pip.pypa.io/en/stable/topics/configuration/#precedence-override-order."""
    listing = """\
:env:.index-url='https://environment.example/simple'
global.index-url='https://file.example/simple'
global.retries='1'
install.retries='2'
"""
    assert PipConfiguration.parse(listing).settings == {
        "index-url": "https://environment.example/simple",
        "retries": "2",
    }


def test_what_has_nothing_to_do_with_finding_packages_stays_behind() -> None:
    assert PipConfiguration.parse("global.user='true'\nlist.format='columns'").settings == {}


def test_a_host_needs_the_folder_around_an_index_and_other_paths_themselves(tmp_path: Path) -> None:
    (tmp_path / "index" / "simple").mkdir(parents=True)
    configuration = PipConfiguration(
        settings={
            "cert": str(CERTIFICATES),
            "extra-index-url": f"https://index.example/simple\nfile://{tmp_path}/index/simple",
            "find-links": f"{tmp_path} {tmp_path}/missing",
        }
    )
    assert configuration.paths == [tmp_path / "index", CERTIFICATES, tmp_path]


def test_the_file_says_what_pip_reads() -> None:
    settings = {"extra-index-url": "https://one.example https://two.example", "timeout": "30"}
    parser = configparser.RawConfigParser()
    parser.read_string(PipConfiguration(settings=settings).text)
    assert dict(parser["global"]) == settings
