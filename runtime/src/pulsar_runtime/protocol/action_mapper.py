"""Which way outputs go: ``remote_staging.action_mapper`` (protocol sections 4.7 and 5)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pulsar_runtime.domain.errors import MalformedRequest
from pulsar_runtime.domain.paths import Directory
from pulsar_runtime.domain.staging import Match, OutputRoutes, OutputRule, OutputUrls, SshLogin, Way
from pulsar_runtime.protocol.values import mapping, pattern, sequence, text

_NAME = "remote_staging.action_mapper"

#: The wire words for outputs, by where these lie.
_TYPES = {
    "output": Directory.OUTPUTS,
    "output_workdir": Directory.WORKING,
    "output_metadata": Directory.METADATA,
    "output_jobdir": Directory.JOB,
}
#: Wild cards for path types: they differ in reference data only.
_EVERY_TYPE = frozenset({"*any*", "*defaults*"})

_MATCHES = {
    "prefix": Match.PREFIX,
    "glob": Match.GLOB,
    "regex": Match.REGEX,
    "path_type_only": Match.ANY,
}
_WAYS = {
    "none": Way.CLIENT,
    "rewrite": Way.CLIENT,
    "transfer": Way.CLIENT,
    "copy": Way.CLIENT,
    "message": Way.CLIENT,
    "remote_transfer": Way.HTTP,
    "remote_transfer_tus": Way.TUS,
    "remote_copy": Way.COPY,
    "remote_scp_transfer": Way.SCP,
    "remote_rsync_transfer": Way.RSYNC,
}
#: Stands for the value of the mapper itself.
_UNSET = "__UNSET__"

#: The part of Galaxy's URL that an upload in pieces replaces (protocol section 5.4).
_FILES_PART = re.compile("jobs/[^/]*/files")


def output_routes(mapper: Mapping[str, object]) -> OutputRoutes | None:
    """Read the mapper's share in outputs; None when the server has nothing to do with any.

    Raises `MalformedRequest`.
    """
    named = [text(mapper.get("default_action")) or "none"]
    rules = []
    for entry in sequence(mapper.get("paths"), f"{_NAME}.paths"):
        said = mapping(entry, f"{_NAME}.paths")
        rule = _rule(said, mapper)
        if rule is not None:
            rules.append(rule)
            named.append(_action(said))
    login = ssh_login({}, mapper)
    routes = OutputRoutes(
        rules=tuple(rules),
        default=_WAYS.get(named[0], Way.CLIENT),
        default_login=login,
        urls=_urls(text(mapper.get("files_endpoint"))),
    )
    problems = [_unknown(name) for name in dict.fromkeys(named) if name not in _WAYS]
    problems += _missing(routes)
    if not problems and {routes.default, *(rule.way for rule in rules)} == {Way.CLIENT}:
        return None
    return OutputRoutes(
        rules=routes.rules,
        default=routes.default,
        default_login=login,
        urls=routes.urls,
        impossible=tuple(problems),
    )


def ssh_login(said: Mapping[str, object], mapper: Mapping[str, object]) -> SshLogin | None:
    """Read how to get to a machine; *mapper* has what *said* leaves out. None without a host.

    Raises `MalformedRequest`.
    """

    def value(key: str) -> str:
        own = said.get(key)
        return text(mapper.get(key) if own in (None, "", _UNSET) else own)

    host, port = value("ssh_host"), value("ssh_port")
    if port and not (port.isascii() and port.isdigit()):
        raise MalformedRequest(f"ssh_port {port!r} is not a number")
    if host.startswith("-") or value("ssh_user").startswith("-"):
        raise MalformedRequest("ssh_host and ssh_user cannot begin with '-'")
    if not host:
        return None
    return SshLogin(
        host=host,
        user=value("ssh_user") or None,
        port=int(port) if port else None,
        key=value("ssh_key") or None,
    )


def _rule(said: Mapping[str, object], mapper: Mapping[str, object]) -> OutputRule | None:
    """Read a rule; None when it is not about outputs."""
    types = set(text(said.get("path_types") or "*defaults*").split(","))
    directories = frozenset(
        directory for name, directory in _TYPES.items() if name in types or types & _EVERY_TYPE
    )
    if not directories:
        return None
    kind = text(said.get("match_type") or ("prefix" if said.get("path") else "path_type_only"))
    match = _MATCHES.get(kind)
    if match is None:
        raise MalformedRequest(f"{_NAME}.paths holds match_type {kind!r}: known are {', '.join(_MATCHES)}")
    path = said.get("path")
    return OutputRule(
        directories=directories,
        match=match,
        pattern=pattern(path, f"{_NAME}.paths") if match is Match.REGEX else text(path),
        way=_WAYS.get(_action(said), Way.CLIENT),
        login=ssh_login(said, mapper),
    )


def _action(said: Mapping[str, object]) -> str:
    return text(said.get("action")) or "none"


def _urls(endpoint: str) -> dict[Directory, OutputUrls]:
    """Give the URLs that a target path is to be appended to."""
    if not endpoint.startswith(("http://", "https://")):
        return {}
    return {
        directory: OutputUrls(
            url=(url := f"{endpoint}{'&' if '?' in endpoint else '?'}file_type={name}&path="),
            uploads=_FILES_PART.sub("job_files/resumable_upload", url, count=1),
        )
        for name, directory in _TYPES.items()
    }


def _missing(routes: OutputRoutes) -> list[str]:
    """Say what the ways need and were not given."""
    logins = [rule.login for rule in routes.rules if rule.way in (Way.SCP, Way.RSYNC)]
    if routes.default in (Way.SCP, Way.RSYNC):
        logins.append(routes.default_login)
    ways = {routes.default, *(rule.way for rule in routes.rules)}
    problems = []
    if None in logins:
        problems.append("copying over ssh without an ssh_host")
    if ways & {Way.HTTP, Way.TUS} and not routes.urls:
        problems.append("remote_transfer without an http URL as files_endpoint")
    return problems


def _unknown(name: str) -> str:
    return f"{name} for outputs" if name == "remote_object_store_copy" else name
