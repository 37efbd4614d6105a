"""Every kind of file that Galaxy sends before a job starts arrives where the job looks for it."""

from __future__ import annotations

import hashlib

import pytest

from runtime.tests.interop.galaxy_job import NewJob, written

either_rewrites = pytest.mark.parametrize(
    "client_rewrites", [False, True], ids=["galaxy-rewrites", "client-rewrites"]
)


@either_rewrites
def test_extra_files_of_a_dataset(new_job: NewJob, *, client_rewrites: bool) -> None:
    job = new_job(client_rewrites=client_rewrites)
    given = job.input("dataset_1.dat", "index\n")
    extra = job.extra_files(given, {"one.txt": "1\n", "sub/two words.txt": "2\n"})
    made = job.output("dataset_2.dat")
    job.run(f"cat {given} {extra}/one.txt '{extra}/sub/two words.txt' > {made}")
    assert made.read_text() == "index\n1\n2\n"


@either_rewrites
def test_metadata_files_of_a_dataset(new_job: NewJob, *, client_rewrites: bool) -> None:
    job = new_job(client_rewrites=client_rewrites)
    index = job.metadata_file("metadata_5.dat", "bam index\n")
    made = job.output("dataset_2.dat")
    job.run(f"cat {index} > {made}")
    assert made.read_text() == "bam index\n"


@either_rewrites
def test_files_of_the_tool(new_job: NewJob, *, client_rewrites: bool) -> None:
    job = new_job(client_rewrites=client_rewrites)
    script = job.tool_file("script.sh", "echo from the tool\n")
    part = job.tool_file("lib/part.txt", "a part\n")
    assert job.run(f"sh {script}; cat {part}")["stdout"] == "from the tool\na part\n"


@either_rewrites
def test_files_prepared_in_the_working_directory(new_job: NewJob, *, client_rewrites: bool) -> None:
    job = new_job(client_rewrites=client_rewrites)
    written(job.working_directory / "prepared.txt", "prepared\n")
    assert job.run("cat prepared.txt")["stdout"] == "prepared\n"


@either_rewrites
def test_files_prepared_in_the_metadata_directory(new_job: NewJob, *, client_rewrites: bool) -> None:
    job = new_job(client_rewrites=client_rewrites)
    written(job.metadata_directory / "params.json", "{}\n")
    written(job.metadata_directory / "sub/deep.json", "[]\n")
    assert job.run("cd ../metadata; cat params.json sub/deep.json")["stdout"] == "{}\n[]\n"


@either_rewrites
def test_configuration_files_speak_of_the_paths_of_the_server(
    new_job: NewJob, *, client_rewrites: bool
) -> None:
    job = new_job(client_rewrites=client_rewrites)
    given = job.input("dataset_1.dat", "alpha\n")
    made = job.output("dataset_2.dat")
    config = job.config("run.sh", f"cat {given} > {made}\n")
    status = job.run(f"sh {config}; cat {config}")
    inputs, outputs = job.setup["inputs_directory"], job.setup["outputs_directory"]
    assert status["stdout"] == f"cat {inputs}/dataset_1.dat > {outputs}/dataset_2.dat\n"
    assert made.read_text() == "alpha\n"


def test_reference_data(new_job: NewJob) -> None:
    """Only where the client rewrites: asked to plan this, both versions of the library fail."""
    rule = {"path": "/", "action": "transfer", "path_types": "unstructured"}
    job = new_job(client_rewrites=True, file_actions={"paths": [rule]})
    index = written(job.data / "indices" / "hg19.fa", "ACGT\n")
    made = job.output("dataset_2.dat")
    name = f"{hashlib.md5(str(index).encode(), usedforsecurity=False).hexdigest()}/{index.name}"
    status = job.run(f"cat {index} > {made}; echo {index}", unstructured={str(index): name})
    assert made.read_text() == "ACGT\n"
    assert status["stdout"] == f"{job.setup['unstructured_files_directory']}/{name}\n"


@either_rewrites
def test_files_that_stay_where_they_are(new_job: NewJob, *, client_rewrites: bool) -> None:
    """The action `none`: both sides see the same file system under the same names."""
    job = new_job(client_rewrites=client_rewrites, default_file_action="none")
    given = job.input("dataset_1.dat", "alpha\n")
    made = job.output("dataset_2.dat")
    status = job.run(f"cat {given} > {made}; echo {made}")
    assert status["stdout"] == f"{made}\n"
    assert made.read_text() == "alpha\n"


@either_rewrites
def test_files_copied_over_a_shared_file_system(new_job: NewJob, *, client_rewrites: bool) -> None:
    """The action `copy`: the client asks for paths and copies by itself."""
    job = new_job(client_rewrites=client_rewrites, default_file_action="copy")
    given = job.input("dataset_1.dat", "alpha\n")
    extra = job.extra_files(given, {"sub/one.txt": "1\n"})
    script = job.tool_file("script.sh", "echo from the tool\n")
    made = job.output("dataset_2.dat")
    found = job.output("dataset_3.dat")
    job.from_work_dir("found.txt", found)
    status = job.run(f"cat {given} {extra}/sub/one.txt > {made}; sh {script}; echo found > found.txt")
    assert status["stdout"] == "from the tool\n"
    assert made.read_text() == "alpha\n1\n"
    assert found.read_text() == "found\n"


@either_rewrites
def test_files_under_another_name_on_the_server(new_job: NewJob, *, client_rewrites: bool) -> None:
    """The action `rewrite`: the server sees the same files below another directory."""
    job = new_job(client_rewrites=client_rewrites)
    given = job.input("dataset_1.dat", "what Galaxy has\n")
    theirs = job.data.with_name("mounted")
    written(theirs / "dataset_1.dat", "what the server has\n")
    rule = {"source_directory": str(job.data), "destination_directory": str(theirs)}
    job.destination["file_actions"] = {
        "paths": [{"path": str(job.data), "path_types": "input", "action": "rewrite", **rule}]
    }
    made = job.output("dataset_2.dat")
    job.run(f"cat {given} > {made}")
    assert made.read_text() == "what the server has\n"
