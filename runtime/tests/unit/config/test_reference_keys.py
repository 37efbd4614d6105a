"""Each key of the reference server is read, accepted with a warning, or refused; none is forgotten."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pulsar_runtime.config.load import Loaded
from pulsar_runtime.config.schema import MANAGER_TYPES

LoadText = Callable[..., Loaded]
ProblemsOf = Callable[..., tuple[str, ...]]

#: Section 10, the keys that this version reads.
READ = {
    "staging_directory": "/a",
    "persistence_directory": "/a",
    "private_token": "a",
    "managers": "{a: {}}",
    "manager": "{}",
    "assign_ids": "uuid",
    "job_directory_mode": "'0700'",
    "maximum_stream_size": "5",
    "debug": "true",
    "galaxy_home": "/a",
    "file_cache_dir": "/a",
    "config_dir": "/a",
    # section 6.7
    "message_queue_url": "amqps://user:password@host/vhost",
    "message_queue_consume": "false",
    "message_queue_publish": "false",
    "amqp_key_prefix": "P",
    "amqp_durable": "'off'",
    "amqp_acknowledge": "true",
    "amqp_ack_republish_time": "1200",
    "amqp_connect_ssl_ca_certs": "/a",
    "amqp_connect_ssl_certfile": "/a",
    "amqp_connect_ssl_cert_reqs": "cert_required",
    "amqp_connect_ssl_server_hostname": "a",
    "amqp_heartbeat": "580",
    "amqp_publish_priority": "9",
    "amqp_publish_delivery_mode": "transient",
    "status_outbox_drain_interval": "2.5",
    # section 8.1, common to all managers
    "galaxy_virtual_env": "/a",
    "galaxy_config_file": "/a",
    "galaxy_dataset_files_path": "/a",
    "galaxy_datatypes_config_file": "/a",
}

#: Sections 10, 9.1, 6.7 and 5.6.
ACCEPTED = [
    "tool_dependency_dir",
    "dependency_resolution",
    "dependency_resolvers_config_file",
    "conda_prefix",
    "conda_exec",
    "conda_auto_init",
    "conda_auto_install",
    "conda_ensure_channels",
    "conda_use_local",
    "conda_copy_dependencies",
    "conda_debug",
    "use_cached_dependency_manager",
    "precache_dependencies",
    "tool_dependency_cache_dir",
    "job_metrics_config_file",
    "object_store_config_file",
    "object_store_config",
    "object_store_file_path",
    "object_store_job_working_directory",
    "object_store_new_file_path",
    "object_store_umask",
    "message_queue_credentials_file",
    "message_queue_username",
    "message_queue_password",
    "message_queue_publish_capabilities",
    "relay_topic_prefix",
    "relay_long_poll_timeout",
    "amqp_consumer_timeout",
    "amqp_publish_timeout",
    "amqp_publish_retry",
    "amqp_publish_retry_max_retries",
    "amqp_publish_retry_interval_start",
    "ensure_cleanup",
    "sentry_dsn",
    "sentry_event_level",
    "app_config",
    "file",
    "logging",
]

#: Section 8.1, options common to all managers.
ACCEPTED_IN_A_MANAGER = [
    "min_polling_interval",
    "monitor",
    "job_name_template",
]

#: Silent loss would be unsafe, or leave a site dead. Sections 10, 9.4, 9.5, 12.
REFUSED = [
    "user_auth",
    "tool_config_files",
    "tool_config_file",
    "send_stdout_update",
    "stdout_update_interval",
    "stdout_update_timeout",
    "stdout_update_chunk_size",
    "cvmfsexec",
    # section 10, server.ini [server:main]
    "host",
    "port",
    "ssl_pem",
]

#: Section 8.1, types.
OTHER_TYPES = [
    "coexecution",
    "queued_drmaa_xsede",
    "queued_pbs",
]


@pytest.mark.parametrize("key", READ)
def test_a_key_that_is_read_is_accepted_in_silence(key: str, load_text: LoadText) -> None:
    assert load_text(f"{key}: {READ[key]}").warnings == ()


@pytest.mark.parametrize("key", ACCEPTED)
def test_a_key_that_only_tunes_is_accepted_with_one_warning(key: str, load_text: LoadText) -> None:
    (warning,) = load_text(f"{key}: hunter2").warnings
    assert warning.startswith(f"{key}: has no effect in this version: ")
    assert "hunter2" not in warning


@pytest.mark.parametrize("key", ACCEPTED_IN_A_MANAGER)
def test_the_same_goes_for_keys_of_managers(key: str, load_text: LoadText) -> None:
    (warning,) = load_text(f"manager: {{{key}: 5}}").warnings
    assert warning.startswith(f"manager.{key}: has no effect in this version: ")


@pytest.mark.parametrize("key", REFUSED)
@pytest.mark.parametrize("text", ["{}: hunter2", "manager: {{{}: hunter2}}"])
def test_a_key_that_a_site_relies_on_is_refused(key: str, text: str, problems_of: ProblemsOf) -> None:
    (problem,) = problems_of(text.format(key))
    assert f"{key}: is not implemented in this version: " in problem
    assert "hunter2" not in problem


@pytest.mark.parametrize("key", REFUSED)
@pytest.mark.parametrize("value", ["", "''", "false", "{}"])
def test_a_refused_key_that_asks_for_nothing_is_accepted(key: str, value: str, load_text: LoadText) -> None:
    assert load_text(f"{key}: {value}").warnings == ()


def test_a_refused_key_is_refused_from_the_environment_too(problems_of: ProblemsOf) -> None:
    (problem,) = problems_of("", {"PULSAR_CONFIG_USER_AUTH": "hunter2"})
    assert problem.endswith("(from: environment PULSAR_CONFIG_USER_AUTH)")
    assert "hunter2" not in problem


@pytest.mark.parametrize("name", OTHER_TYPES)
def test_a_type_of_the_reference_is_known_but_refused(name: str, problems_of: ProblemsOf) -> None:
    """Its options are not judged: only that type knows them."""
    assert problems_of(f"managers: {{a: {{type: {name}, native_specification: x}}}}") == (
        (
            f"managers.a.type: {name!r} is known to the reference server, not implemented in this release;"
            f" this has {', '.join(MANAGER_TYPES)}"
        ),
    )
