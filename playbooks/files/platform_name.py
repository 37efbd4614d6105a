"""Print what wheels have to be made for on this host, such as ``py3.13-x86_64-glibc``.

Sent to the host and run by the Python that is to run the server; it changes nothing.
"""

from __future__ import annotations

import platform
import sys

if __name__ == "__main__":
    libc = platform.libc_ver()[0] or "musl"
    sys.stdout.write(f"py{sys.version_info.major}.{sys.version_info.minor}-{platform.machine()}-{libc}\n")
