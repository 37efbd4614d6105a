"""What Galaxy's runners for Pulsar accept, need and read. Private to the collection.

The names are those that the runners of Galaxy 26.1 report themselves (``runner_param_specs``) and those of
Galaxy's ``job_conf.sample.yml``; the tests hold the first against the runners.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

PREFIX = "galaxy.jobs.runners.pulsar:"


class Form(NamedTuple):
    """What a value has to look like."""

    description: str
    accepts: Callable[[Any], bool]


class RunnerClass(NamedTuple):
    """What one runner of Galaxy's demands and what it passes over."""

    #: One of these has to be among the runner's parameters, if there are any.
    runner_needs: tuple[str, ...] = ()
    #: Each of these has to be among the parameters of each environment.
    environment_needs: tuple[str, ...] = ()
    #: Parameters of an environment that have no effect.
    environment_ignores: tuple[str, ...] = ()


RUNNER_CLASSES: Mapping[str, RunnerClass] = {
    "PulsarRESTJobRunner": RunnerClass(environment_needs=("url",)),
    "PulsarLegacyJobRunner": RunnerClass(),
    "PulsarMQJobRunner": RunnerClass(
        runner_needs=("amqp_url", "relay_url"),
        environment_needs=("jobs_directory",),
        environment_ignores=("url", "private_token"),
    ),
    "PulsarEmbeddedJobRunner": RunnerClass(),
    "PulsarEmbeddedMQJobRunner": RunnerClass(
        environment_needs=("jobs_directory",), environment_ignores=("url", "private_token")
    ),
    "PulsarTesJobRunner": RunnerClass(environment_needs=("tes_url",)),
    "PulsarGcpBatchJobRunner": RunnerClass(environment_needs=("project_id",)),
}


def is_true(value: object) -> bool:
    """Tell whether Galaxy takes a value for true."""
    return str(value).lower() in ("true", "yes", "on", "1")


def _is_number(value: object) -> bool:
    try:
        return float(str(value)) >= 0
    except ValueError:
        return False


_ANYTHING = Form("any value", lambda value: value is not None)
_BOOLEAN = Form("true or false", lambda value: str(value).lower() in ("true", "false"))
_INTEGER = Form("a whole number", lambda value: str(value).isdigit())
_NUMBER = Form("a number", _is_number)
_TEXT = Form("a text", lambda value: isinstance(value, str) and bool(value))

RUNNER_KEYS: Mapping[str, Form] = {
    "amqp_ack_republish_time": _INTEGER,
    "amqp_acknowledge": _BOOLEAN,
    "amqp_connect_ssl_ca_certs": _TEXT,
    "amqp_connect_ssl_cert_reqs": Form(
        "cert_none, cert_optional or cert_required",
        lambda value: value in ("cert_none", "cert_optional", "cert_required"),
    ),
    "amqp_connect_ssl_certfile": _TEXT,
    "amqp_connect_ssl_keyfile": _TEXT,
    "amqp_consumer_timeout": _NUMBER,
    "amqp_key_prefix": _TEXT,
    "amqp_publish_delivery_mode": Form(
        "persistent or transient", lambda value: value in ("persistent", "transient")
    ),
    "amqp_publish_priority": Form("a whole number from 0 to 9", lambda value: str(value) in {*"0123456789"}),
    "amqp_publish_retry": _BOOLEAN,
    "amqp_publish_retry_interval_max": _INTEGER,
    "amqp_publish_retry_interval_start": _INTEGER,
    "amqp_publish_retry_interval_step": _INTEGER,
    "amqp_publish_retry_max_retries": _INTEGER,
    "amqp_url": _TEXT,
    "cache": _BOOLEAN,
    "enabled": _BOOLEAN,
    "galaxy_url": _TEXT,
    "manager": _TEXT,
    "persistence_directory": _TEXT,
    "pulsar_app_config": _ANYTHING,
    "pulsar_config": _TEXT,
    "recheck_missing_job_retries": _INTEGER,
    "relay_password": _TEXT,
    "relay_topic_prefix": _TEXT,
    "relay_url": _TEXT,
    "relay_username": _TEXT,
    "remote_container_handling": _BOOLEAN,
    "secret": _TEXT,
    "transport": Form("urllib or curl", lambda value: value in ("urllib", "curl")),
    "transport_timeout": _INTEGER,
}

#: Nothing of these works on an environment, and some of it seems to.
RUNNER_KEYS_ONLY = frozenset(name for name in RUNNER_KEYS if name.startswith(("amqp_", "relay_")))

#: What belongs into a `secret_params`.
SECRET_KEYS = frozenset({"private_token", "relay_password", "secret"})

#: Options of the modules, or of Galaxy where it would take every other parameter for nothing.
RESERVED: Mapping[str, frozenset[str]] = {
    "runners": frozenset({"id", "kwds", "load", "workers"}),
    "environments": frozenset({"env", "id", "metrics", "params", "resubmit", "runner", "shell", "tags"}),
}

ENVIRONMENT_KEYS = frozenset(
    {
        "assign_ids",
        "cleanup_job",
        "container",
        "container_override",
        "container_resolvers",
        "container_resolvers_config_file",
        "default_file_action",
        "dependency_resolution",
        "embed_metadata_in_job",
        "enabled",
        "file_action_config",
        "file_actions",
        "job_directory_files",
        "jobs_directory",
        "manager",
        "max_environment_length",
        "metadata_strategy",
        "min_version",
        "outputs_to_working_directory",
        "private_token",
        "project_id",
        "pulsar_app_config",
        "pulsar_app_config_path",
        "remote_container_handling",
        "remote_metadata",
        "remote_sep",
        "remote_transfer_direct",
        "require_container",
        "rewrite_parameters",
        "send_stdout_update",
        "tes_url",
        "tmp_dir",
        "tool_evaluation_strategy",
        "transport",
        "url",
        "use_metadata_binary",
        "use_remote_datatypes",
    }
)
ENVIRONMENT_PREFIXES = (
    "backend_parameters",
    "basic_auth",
    "container_monitor",
    "docker_",
    "env_",
    "remote_property_",
    "singularity_",
    "ssh_",
    "submit_",
    "tus_",
)
