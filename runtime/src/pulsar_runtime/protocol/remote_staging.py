"""What a submission says about files that the server is to move (protocol sections 4.7 and 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pulsar_runtime.domain.errors import MalformedRequest
from pulsar_runtime.domain.staging import (
    Counterpart,
    HttpFile,
    SharedFile,
    SshFile,
    StageOutPlan,
    StagingPlan,
    StoredObject,
    Text,
    Transfer,
    Unreachable,
)
from pulsar_runtime.protocol.action_mapper import output_routes, ssh_login
from pulsar_runtime.protocol.client_outputs import expected_outputs
from pulsar_runtime.protocol.path_types import uploaded_file
from pulsar_runtime.protocol.values import mapping, sequence, text

#: Both are fetched in the same way; they differ in sending (protocol section 5.4).
_OVER_HTTP = frozenset({"remote_transfer", "remote_transfer_tus"})
_SSH_PROGRAMS: Mapping[str, Literal["rsync", "scp"]] = {
    "remote_rsync_transfer": "rsync",
    "remote_scp_transfer": "scp",
}


def plan(remote_staging: Mapping[str, object]) -> StagingPlan:
    """Read ``remote_staging``; raises `MalformedRequest` or `UnsafePath`."""
    mapper = mapping(remote_staging.get("action_mapper"), "remote_staging.action_mapper")
    # Without a mapper nothing is staged out.
    routes = output_routes(mapper) if mapper else None
    return StagingPlan(
        stage_in=tuple(
            _transfer(entry, mapper)
            for entry in sequence(remote_staging.get("setup"), "remote_staging.setup")
        ),
        stage_out=None
        if routes is None
        else StageOutPlan(expected=expected_outputs(remote_staging.get("client_outputs")), routes=routes),
    )


def _transfer(entry: object, mapper: Mapping[str, object]) -> Transfer:
    action = entry.get("action") if isinstance(entry, Mapping) else None
    if not isinstance(entry, Mapping) or not isinstance(action, Mapping):
        raise MalformedRequest("remote_staging.setup holds an element without an action")
    file = uploaded_file(text(entry.get("name")), text(entry.get("type")))
    return Transfer(file, _counterpart(action, mapper))


def _counterpart(action: Mapping[str, object], mapper: Mapping[str, object]) -> Counterpart:
    kind = text(action.get("action_type")) or "(an action without a name)"
    source = mapping(action.get("source"), "remote_staging.setup.action.source")
    # Older senders give the path alone.
    path = text(source.get("path") or action.get("path"))
    found: Counterpart | None = None
    if kind == "message":
        found = Text(text(action.get("contents")))
    elif kind in _OVER_HTTP:
        url = text(action.get("url"))
        found = HttpFile(url) if url.startswith(("http://", "https://")) else None
    elif kind == "remote_object_store_copy":
        found = _stored_object(source)
    elif kind == "remote_copy":
        found = SharedFile(path) if path else None
    elif kind in _SSH_PROGRAMS:
        # The key comes once, in the mapper.
        login = ssh_login(action, mapper)
        found = SshFile(path=path, login=login, program=_SSH_PROGRAMS[kind]) if login and path else None
    else:
        return Unreachable(kind)
    return found or Unreachable(f"{kind} without what it needs")


def _stored_object(source: Mapping[str, object]) -> StoredObject | None:
    reference = mapping(source.get("object_store_ref"), "remote_staging.setup.action.source.object_store_ref")
    number = text(reference.get("dataset_id"))
    if not (number.isascii() and number.isdigit()):
        return None
    return StoredObject(
        dataset_id=int(number),
        dataset_uuid=text(reference.get("dataset_uuid")) or None,
        object_store_id=text(reference.get("object_store_id")) or None,
    )
