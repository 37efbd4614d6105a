"""The tags of the images of test hosts."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from test_hosts import image
from test_hosts.image import Debian, Layer


@pytest.fixture
def layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layer:
    """A layer of a made-up folder of images."""
    monkeypatch.setattr(image, "FOLDER", tmp_path)
    for name in ("debian", "galaxy"):
        (tmp_path / name).mkdir()
    (tmp_path / "debian" / "build.sh").write_text("one")
    (tmp_path / "galaxy" / "Containerfile").write_text("FROM base")
    (tmp_path / "client.txt").write_text("client==1")
    return Layer(
        name="galaxy", base=Debian(name="debian13", suite="trixie"), ingredients=tmp_path / "client.txt"
    )


def test_the_same_ingredients_give_the_same_tag(layer: Layer) -> None:
    assert layer.reference == attrs.evolve(layer).reference


@pytest.mark.parametrize("ingredient", ["debian/build.sh", "galaxy/Containerfile", "client.txt"])
def test_another_ingredient_gives_another_tag(layer: Layer, tmp_path: Path, ingredient: str) -> None:
    before = layer.reference
    (tmp_path / ingredient).write_text("another")
    assert layer.reference != before


def test_another_base_gives_another_tag(layer: Layer) -> None:
    other = attrs.evolve(layer, base=Debian(name="debian13", suite="forky"))
    assert other.reference != layer.reference
