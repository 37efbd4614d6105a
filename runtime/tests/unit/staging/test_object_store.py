"""Where Galaxy files datasets, as seen in the recordings and in a Galaxy's own directory of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pulsar_runtime.domain.errors import TransferRefused
from pulsar_runtime.domain.staging import StoredObject
from pulsar_runtime.staging.object_store import DiskObjectStore, by_id
from pulsar_runtime.staging.progress import Progress
from pulsar_runtime.staging.shared_files import SharedFiles

UUID = "22c81050-d3f0-4c57-8d55-4c360f441c3e"
PROGRESS = Progress(stopped=lambda: False, remember=lambda _: None)


@pytest.mark.parametrize(
    ("dataset_id", "directory"),
    [
        (1, "000"),
        (999, "000"),
        (1000, "001"),
        (12345, "012"),
        (353488233, "000/353/488"),
        (1234567, "001/234"),
    ],
)
def test_ids_are_filed_in_groups_of_a_thousand(dataset_id: int, directory: str) -> None:
    """As the recordings have ``jobs/000/353/488/353488233`` for a job, and datasets are filed likewise."""
    assert by_id(dataset_id) == directory


@pytest.mark.parametrize(
    ("place", "stored"),
    [
        ("000/353/488/dataset_353488233.dat", StoredObject(dataset_id=353488233)),
        (f"2/2/c/dataset_{UUID}.dat", StoredObject(dataset_id=3, dataset_uuid=UUID)),
        ("000/dataset_3.dat", StoredObject(dataset_id=3, dataset_uuid=UUID)),
        ("disk1/000/dataset_3.dat", StoredObject(dataset_id=3, object_store_id="disk1")),
    ],
)
def test_a_dataset_is_found_by_its_id_or_its_uuid(tmp_path: Path, place: str, stored: StoredObject) -> None:
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).write_bytes(b"data")
    DiskObjectStore(tmp_path, SharedFiles()).fetch(stored, str(tmp_path / "copy"), PROGRESS)
    assert (tmp_path / "copy").read_bytes() == b"data"


def test_a_dataset_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TransferRefused, match="dataset 7 is not below"):
        DiskObjectStore(tmp_path, SharedFiles()).fetch(
            StoredObject(dataset_id=7), str(tmp_path / "copy"), PROGRESS
        )


@pytest.mark.parametrize("name", ["../../etc", "/etc"])
def test_no_name_leads_out_of_the_directory(tmp_path: Path, name: str) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "000").mkdir()
    (tmp_path / "000" / "dataset_7.dat").write_bytes(b"secret")
    store = DiskObjectStore(tmp_path / "store", SharedFiles())
    for stored in (
        StoredObject(dataset_id=7, object_store_id=".."),
        StoredObject(dataset_id=7, object_store_id=name),
        StoredObject(dataset_id=7, dataset_uuid=name + "/000"),
    ):
        with pytest.raises(TransferRefused):
            store.fetch(stored, str(tmp_path / "copy"), PROGRESS)
