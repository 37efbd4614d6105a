"""Install pip into an environment of ansible-test's that has none, from what Python itself carries.

ansible-test (2.19) downloads a program that does this from a server of its own, and runs a file of that name
in its cache instead if there is one. It is given the requirement of pip itself, and options of that program.
"""

from __future__ import annotations

import subprocess
import sys


def main(arguments: list[str]) -> None:
    """Install what is asked for."""
    pip = [sys.executable, "-m", "pip"]
    subprocess.run([sys.executable, "-m", "ensurepip"], check=True)
    wanted = [argument for argument in arguments if argument not in ("--no-setuptools", "--no-wheel")]
    subprocess.run([*pip, "install", *wanted], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
