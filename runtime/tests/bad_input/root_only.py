"""Tests that need root: it is there in CI, and a developer without it goes without them."""

from __future__ import annotations

import os

import pytest

IS_ROOT = os.geteuid() == 0

root_only = pytest.mark.skipif(
    not IS_ROOT and "CI" not in os.environ,
    reason="only root may mount a disk, make a device, or give files away",
)
