"""Reading the configuration is part of every start, so it takes along nothing that it can do without."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

#: Slow to import, and needed for mistakes, an old format or nothing at all.
UNWANTED = {
    "asyncio",
    "configparser",
    "difflib",
    "flask",
    "gevent",
    "gunicorn",
    "requests",
    "sqlite3",
}


def test_loading_a_good_file_imports_no_more_than_it_needs(tmp_path: Path) -> None:
    (tmp_path / "app.yml").write_text("managers: {a: {num_concurrent_jobs: 4}}\nensure_cleanup: true\n")
    program = (
        "import sys; from pathlib import Path; from pulsar_runtime.config.load import load;"
        " load(Path('app.yml'), {}, {}); print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, check=True, text=True, timeout=30
    ).stdout.split()
    assert not UNWANTED & {name.partition(".")[0] for name in loaded}
