"""Keys that the reference server reads and this version does not: what happens to each.

Sources: protocol sections 5.6, 6.7, 8.1, 9, 10 and 12. A key that only tunes something is accepted with a
warning; one whose silent loss would be unsafe, or leave a site without what it relies on, is refused.
"""

from __future__ import annotations

from enum import Enum

import attrs


class Effect(Enum):
    """What a key does to the configuration that has it."""

    IGNORED = "accepted, with a warning"
    REFUSED = "refused"


@attrs.frozen
class ReferenceKeys:
    """Keys of which the same is true; a pattern that ends in ``*`` means all keys that begin so."""

    effect: Effect
    #: Why, and what to do where something can be done.
    reason: str
    patterns: tuple[str, ...]

    def match(self, key: str) -> bool:
        """Tell whether *key* is one of them."""
        return any(
            key.startswith(pattern[:-1]) if pattern.endswith("*") else key == pattern
            for pattern in self.patterns
        )


def _refused(reason: str, *patterns: str) -> ReferenceKeys:
    return ReferenceKeys(Effect.REFUSED, reason, patterns)


def _ignored(reason: str, *patterns: str) -> ReferenceKeys:
    return ReferenceKeys(Effect.IGNORED, reason, patterns)


#: The first that match decide.
REFERENCE_KEYS: tuple[ReferenceKeys, ...] = (
    _refused("jobs would not be authorized as it says; remove it if every client may run jobs", "user_auth"),
    _refused(
        "tools would not be checked against a list; remove it if every tool may run",
        "tool_config_files",
        "tool_config_file",
    ),
    _refused("output is not sent while a job runs; remove it", "send_stdout_update", "stdout_update_*"),
    _refused("jobs are not wrapped in cvmfsexec; mount /cvmfs on the machine", "cvmfsexec"),
    _refused("it belongs to server.ini; set web.bind to HOST:PORT", "host", "port"),
    _refused("it belongs to server.ini; the server speaks HTTP only, put a TLS proxy before it", "ssl_pem"),
    _ignored("messages are sent until the broker has confirmed them", "amqp_publish_retry*"),
    _ignored("the broker is waited for as long as it takes", "amqp_consumer_timeout", "amqp_publish_timeout"),
    _ignored(
        "there is no relay",
        "message_queue_credentials_file",
        "message_queue_username",
        "message_queue_password",
        "message_queue_publish_capabilities",
        "relay_*",
    ),
    _ignored("a job's end is noticed as it happens; batch systems have it", "min_polling_interval"),
    _ignored(
        "one launcher does what they did; name it in launcher",
        "production",
        "chown_working_directory_script",
        "drmaa_launch_script",
        "drmaa_kill_script",
    ),
    _ignored("stopping always waits for what has to end", "ensure_cleanup"),
    _ignored("it belongs to the manager type coexecution", "monitor"),
    _ignored("it belongs to managers of batch systems", "job_name_template"),
    _ignored(
        "tool dependencies are not resolved on this machine",
        "tool_dependency_dir",
        "dependency_resolution",
        "dependency_resolvers_config_file",
        "conda_*",
        "use_cached_dependency_manager",
        "precache_dependencies",
        "tool_dependency_cache_dir",
    ),
    _ignored("the core metrics are collected, and no others", "job_metrics_config_file"),
    _ignored("the routes of the object store are not served", "object_store_*"),
    _ignored("errors go to the log only", "sentry_*"),
    _ignored("the log goes to standard error", "logging"),
    _ignored("the file named by --config is the whole configuration", "app_config", "file"),
)


def reference_keys(key: str) -> ReferenceKeys | None:
    """Return what is known of *key*, if the reference server reads it and this version does not."""
    return next((keys for keys in REFERENCE_KEYS if keys.match(key)), None)


#: Manager types of the reference server (protocol section 8.1) that this version does not have.
REFERENCE_MANAGER_TYPES: tuple[str, ...] = (
    "coexecution",
    "queued_drmaa_xsede",
    "queued_pbs",
)
