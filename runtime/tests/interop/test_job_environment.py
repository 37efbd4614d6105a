"""The environment in which a job's command runs."""

from __future__ import annotations

from pathlib import Path

from runtime.tests.interop.galaxy_job import NewJob, written
from runtime.tests.live_server import LiveServer


def test_env_statements_run_in_order(new_job: NewJob) -> None:
    job = new_job()
    sourced = written(job.job_directory / "site env.sh", 'FROM_FILE="$PLAIN and more"; export FROM_FILE\n')
    status = job.run(
        'echo "$PLAIN|$QUOTED|$RAW|$FROM_FILE|$EXECUTED|$DOLLAR"',
        env=[
            {"name": "PLAIN", "value": "two words"},
            {"name": "QUOTED", "value": 'a "b" $PLAIN `echo c`'},
            {"name": "RAW", "value": "unquoted$PLAIN", "raw": True},
            {"file": str(sourced)},
            {"execute": "export EXECUTED=yes"},
            {"name": "DOLLAR", "value": "$EXECUTED", "file": None, "execute": None, "raw": False},
        ],
    )
    assert status["stdout"] == 'two words|a "b" two words c|unquotedtwo words|two words and more|yes|yes\n'


def test_env_statements_may_use_the_directories_of_the_job(new_job: NewJob) -> None:
    """Galaxy sets HOME and the temporary directory in this way."""
    job = new_job()
    status = job.run(
        "echo $HOME; echo $TMPDIR; test -d $HOME; test -w $TMPDIR; pwd; touch $TMPDIR/x",
        env=[
            {"name": "HOME", "value": '"$_GALAXY_JOB_HOME_DIR"', "raw": True},
            {"name": "TMPDIR", "value": '"$_GALAXY_JOB_TMP_DIR"', "raw": True},
        ],
    )
    directory = Path(job.setup["job_directory"])
    assert status["stdout"].splitlines() == [str(directory / name) for name in ("home", "tmp", "working")]
    assert status["returncode"] == 0


def test_an_env_value_may_come_from_a_configuration_file(new_job: NewJob, server: LiveServer) -> None:
    """Galaxy does so for a tool's `environment_variables`, with keys of its own that mean nothing here."""
    job = new_job()
    staged = server.staging / job.job_id / "configs" / job.config("tool_env_x1", "from the tool").name
    env = {"name": "TOOL_VALUE", "value": f'`cat "{staged}"`', "raw": True, "template": "x", "inject": None}
    assert job.run("echo $TOOL_VALUE", env=[env])["stdout"] == "from the tool\n"


def test_the_slots_of_the_job_are_set(new_job: NewJob) -> None:
    assert new_job().run("echo $GALAXY_SLOTS")["stdout"] == "1\n"


def test_the_server_keeps_its_environment_to_itself(new_job: NewJob) -> None:
    """Protocol section 8.2: four variables are handed on; bash and the job script add their own."""
    names = set(new_job().run("env | cut -d= -f1")["stdout"].split())
    handed_on = {"HOME", "PATH", "TMPDIR", "LC_CTYPE"}
    made_by_bash = {"PWD", "OLDPWD", "SHLVL", "_"}
    made_by_the_script = {"GALAXY_SLOTS", "PYTHONWARNINGS", "_GALAXY_JOB_HOME_DIR", "_GALAXY_JOB_TMP_DIR"}
    mark_of_the_manager = {"PULSAR_RUNTIME_LAUNCH"}
    assert handed_on <= names <= handed_on | made_by_bash | made_by_the_script | mark_of_the_manager


def test_galaxy_can_set_the_environment_up_again(new_job: NewJob) -> None:
    """Galaxy's command does so itself when metadata is computed remotely (protocol section 11, 49)."""
    job = new_job(client_rewrites=True)
    status = job.run(
        "unset GREETING; _galaxy_setup_environment True; echo $GREETING $GALAXY_LIB $GALAXY_VIRTUAL_ENV",
        env=[{"name": "GREETING", "value": "hello"}],
    )
    assert status["stdout"] == "hello None None\n"


def test_requirements_that_nothing_resolves_do_not_stop_a_job(new_job: NewJob) -> None:
    job = new_job(dependency_resolution="remote")
    status = job.run("echo ran", packages=["samtools"])
    assert (status["status"], status["stdout"]) == ("complete", "ran\n")


def test_parameters_for_a_scheduler_do_not_disturb_the_local_queue(new_job: NewJob) -> None:
    job = new_job(submit_native_specification="-p long", submit_request_memory="4")
    assert job.run("echo ran")["stdout"] == "ran\n"
