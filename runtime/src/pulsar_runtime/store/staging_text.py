"""The server's share of the staging as plain values, for the text of a submission."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from pulsar_runtime.domain.paths import Directory, JobFile, RelativePath
from pulsar_runtime.domain.staging import (
    Counterpart,
    DiscoveredFiles,
    DynamicFileSource,
    ExpectedOutputs,
    HttpFile,
    Match,
    OutputRoutes,
    OutputRule,
    OutputUrls,
    SharedFile,
    SshFile,
    SshLogin,
    StageOutPlan,
    StagingPlan,
    StoredObject,
    Text,
    Transfer,
    TusFile,
    Unreachable,
    Way,
)

Plain = Mapping[str, Any]

_COUNTERPARTS: dict[str, type[Counterpart]] = {
    kind.__name__: kind for kind in (Text, HttpFile, TusFile, SharedFile, SshFile, StoredObject, Unreachable)
}


def plan_to_plain(plan: StagingPlan) -> dict[str, Any]:
    """Turn a plan into what JSON can hold."""
    return {
        "stage_in": [_transfer_to_plain(transfer) for transfer in plan.stage_in],
        "stage_out": plan.stage_out and _stage_out_to_plain(plan.stage_out),
    }


def plan_from_plain(plain: Plain) -> StagingPlan:
    """Read what `plan_to_plain` made."""
    stage_out = plain["stage_out"]
    return StagingPlan(
        stage_in=tuple(map(_transfer, plain["stage_in"])),
        stage_out=stage_out and _stage_out(stage_out),
    )


def _transfer_to_plain(transfer: Transfer) -> dict[str, Any]:
    file, counterpart = transfer.file, transfer.counterpart
    return {
        "directory": file.directory.value,
        "parts": file.path.parts,
        "kind": type(counterpart).__name__,
        **attrs.asdict(counterpart),
    }


def _transfer(plain: Plain) -> Transfer:
    fields = dict(plain)
    file = JobFile(Directory(fields.pop("directory")), RelativePath(tuple(fields.pop("parts"))))
    kind = _COUNTERPARTS[fields.pop("kind")]
    if "login" in fields:
        fields["login"] = SshLogin(**fields["login"])
    return Transfer(file, kind(**fields))


def _stage_out_to_plain(plan: StageOutPlan) -> dict[str, Any]:
    routes = plan.routes
    return {
        "expected": attrs.asdict(plan.expected),
        "routes": {
            "rules": [
                {
                    **attrs.asdict(rule),
                    "directories": sorted(rule.directories),
                    "match": rule.match.value,
                    "way": rule.way.value,
                }
                for rule in routes.rules
            ],
            "default": routes.default.value,
            "default_login": routes.default_login and attrs.asdict(routes.default_login),
            "urls": {directory.value: attrs.asdict(urls) for directory, urls in routes.urls.items()},
            "impossible": routes.impossible,
        },
    }


def _stage_out(plain: Plain) -> StageOutPlan:
    return StageOutPlan(expected=_expected(plain["expected"]), routes=_routes(plain["routes"]))


def _expected(plain: Plain) -> ExpectedOutputs:
    return ExpectedOutputs(
        **{
            **plain,
            "from_work_dir": tuple((source, target) for source, target in plain["from_work_dir"]),
            "outputs": tuple(plain["outputs"]),
            "discovered": tuple(DiscoveredFiles(**each) for each in plain["discovered"]),
            "dynamic_sources": tuple(DynamicFileSource(**each) for each in plain["dynamic_sources"]),
        }
    )


def _routes(plain: Plain) -> OutputRoutes:
    return OutputRoutes(
        rules=tuple(map(_rule, plain["rules"])),
        default=Way(plain["default"]),
        default_login=_login(plain["default_login"]),
        urls={Directory(name): OutputUrls(**urls) for name, urls in plain["urls"].items()},
        impossible=tuple(plain["impossible"]),
    )


def _rule(plain: Plain) -> OutputRule:
    return OutputRule(
        directories=frozenset(map(Directory, plain["directories"])),
        match=Match(plain["match"]),
        pattern=plain["pattern"],
        way=Way(plain["way"]),
        login=_login(plain["login"]),
    )


def _login(plain: Plain | None) -> SshLogin | None:
    return SshLogin(**plain) if plain else None
