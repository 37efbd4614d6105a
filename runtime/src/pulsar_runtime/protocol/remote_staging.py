"""What a submission says about files that the server is to move (protocol section 4.7)."""

from __future__ import annotations

from collections.abc import Mapping

from pulsar_runtime.domain.errors import MalformedRequest
from pulsar_runtime.domain.staging import StageInAction, StagingPlan
from pulsar_runtime.protocol.path_types import OUTPUT_TYPES, uploaded_file

#: Wild cards for path types in rules of the action mapper.
_EVERY_TYPE = frozenset({"*any*", "*defaults*"})


def plan(remote_staging: Mapping[str, object]) -> StagingPlan:
    """Read ``remote_staging``; raises `MalformedRequest` or `UnsafePath`."""
    entries = remote_staging.get("setup") or []
    if not isinstance(entries, list):
        raise MalformedRequest("remote_staging.setup is not a list")
    return StagingPlan(
        stage_in=tuple(_stage_in(entry) for entry in entries),
        stage_out_action_types=_stage_out_action_types(remote_staging.get("action_mapper")),
    )


def _stage_in(entry: object) -> StageInAction:
    action = entry.get("action") if isinstance(entry, Mapping) else None
    if not isinstance(entry, Mapping) or not isinstance(action, Mapping):
        raise MalformedRequest("remote_staging.setup holds an element without an action")
    contents = action.get("contents")
    return StageInAction(
        file=uploaded_file(str(entry.get("name") or ""), str(entry.get("type") or "")),
        action_type=str(action.get("action_type") or ""),
        contents=str(contents) if contents is not None else None,
    )


def _stage_out_action_types(mapper: object) -> frozenset[str]:
    """Collect the actions that outputs may be given; without a mapper nothing is staged out."""
    if not mapper:
        return frozenset()
    if not isinstance(mapper, Mapping):
        raise MalformedRequest("remote_staging.action_mapper is not an object")
    rules = mapper.get("paths") or []
    if not isinstance(rules, list):
        raise MalformedRequest("remote_staging.action_mapper.paths is not a list")
    found = {str(mapper.get("default_action") or "none")}
    for rule in rules:
        if not isinstance(rule, Mapping):
            raise MalformedRequest("remote_staging.action_mapper.paths holds something that is not an object")
        types = set(str(rule.get("path_types") or "*defaults*").split(","))
        if types & (OUTPUT_TYPES | _EVERY_TYPE):
            found.add(str(rule.get("action") or "none"))
    return frozenset(found)
