"""``python -m benchmarks.deployment``: measure, print the table and write it down."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import attrs

from benchmarks import machine
from benchmarks.contest import Rounds
from benchmarks.deployment.contestant import contestants
from benchmarks.deployment.trial import trial
from benchmarks.environment import ROOT
from benchmarks.metric import Quantity, at_most
from benchmarks.report import Report

PAGE = ROOT / "docs" / "reference" / "benchmarks_deployment.md"
INTRODUCTION = """\
# Benchmarks of the deployment

From a bare host to the first finished job, measured by `make bench-deploy`, which also writes this page: our
role beside the steps that the published role takes for a server over HTTP (a user, a virtual environment,
`pip install 'pulsar-app[web]'`, the configuration that `pulsar-config` writes, a service). Both are Ansible
plays over ssh to a Debian 13 that was made for this one deployment. They take turns. A figure is the median
of the rounds, with the lowest and the highest in parentheses; the ratio is that of the medians, ours to the
reference's.
"""


@attrs.frozen
class Deployment:
    """What is measured."""

    name: str = "deployment"
    method: str = (
        "Both plays find everything that they install in the same package index; our wheel was built before. "
        "The job has an input and an output, and the published client library runs it on a host of its own, "
        "which is there from the start; its time includes the start of the client. The second run follows "
        "at once."
    )
    rounds: int = 3

    @property
    def quantities(self) -> dict[str, Quantity]:
        """The rows."""
        return {
            "total": Quantity(title="bare host to first finished job", unit="s", requirement=at_most(60)),
            "deployment": Quantity(title="of these, the play", unit="s"),
            "second": Quantity(title="second run", unit="s", requirement=at_most(12)),
            "changed": Quantity(
                title="tasks that the second run changes", unit="tasks", requirement=at_most(0)
            ),
        }


def main() -> None:
    """Measure."""
    deployment = Deployment()
    competing = contestants()
    rounds: Rounds = {contestant.name: [] for contestant in competing}
    for number in range(1, deployment.rounds + 1):
        for contestant in competing:
            figures = trial(contestant)
            rounds[contestant.name].append(figures)
            words = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
            sys.stderr.write(f"{number}/{deployment.rounds} {contestant.name}: {words}\n")
    report = Report(
        introduction=INTRODUCTION,
        measured_at=datetime.now(UTC),
        machine=machine.describe(),
        versions={contestant.name: contestant.version for contestant in competing},
        results=[(deployment, rounds)],
    )
    sys.stdout.write(report.table())
    PAGE.write_text(report.page())


if __name__ == "__main__":
    main()
