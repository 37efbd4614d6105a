"""``python -m benchmarks.cluster``: measure, print the table and write it down."""

from __future__ import annotations

import re
import shlex
import sys
from datetime import UTC, datetime

import attrs

from benchmarks import machine
from benchmarks.cluster.site import Site, running_site
from benchmarks.contest import Rounds
from benchmarks.environment import ROOT
from benchmarks.failure import MeasurementFailed
from benchmarks.metric import Quantity, at_most_times
from benchmarks.report import OURS, REFERENCE, Report
from benchmarks.stopwatch import Stopwatch

PAGE = ROOT / "docs" / "reference" / "benchmarks_cluster.md"
JOBS = 200
LIMIT = 200.0
INTRODUCTION = """\
# Benchmarks on a cluster

Many short jobs on a Slurm of two nodes, measured by `make bench-cluster`, which also writes this page:
through our server, and beside it, in the place of the reference, Slurm alone. Controller, nodes, submit host
and Galaxy are test hosts on one machine, which the scenario `slurm` describes. Both ways take turns. A figure
is the median of the rounds, with the lowest and the highest in parentheses; the ratio is that of the medians.
"""

#: What somebody would do who has no server: one call for each job, then waiting until none is left.
ALONE = f"""\
for _ in $(seq {JOBS}); do sbatch --output=/dev/null --error=/dev/null --wrap=true || exit; done
until [ -z "$(squeue --noheader --me)" ]; do sleep 0.5; done
"""


@attrs.frozen
class ShortJobs:
    """What is measured."""

    name: str = "short jobs"
    method: str = (
        f"{JOBS} jobs of `true`. Through our server: from the first one that the published client library "
        "submits until it has been told of the end of the last one, the start of the client included. Slurm "
        f"alone: {JOBS} calls of `sbatch` on the submit host, one after the other, and looking every half "
        "second with `squeue` whether any is left."
    )
    rounds: int = 3

    @property
    def quantities(self) -> dict[str, Quantity]:
        """The rows."""
        return {
            "seconds": Quantity(title=f"{JOBS} jobs of `true`", unit="s", requirement=at_most_times(1.2)),
        }


def alone(site: Site) -> float:
    """Return the seconds that Slurm takes, used as it is."""
    command = f"cd /tmp && runuser --user=pulsar -- timeout {LIMIT:.0f} sh -c {shlex.quote(ALONE)}"
    with Stopwatch() as watch:
        site.host.check_output(command)
    return watch.seconds


def through_the_server(site: Site) -> float:
    """Return the seconds that Galaxy waits; each job has to have run once."""
    with Stopwatch() as watch:
        jobs = site.cluster.submit(*["true"] * JOBS)
        endings = site.cluster.endings(jobs, LIMIT)
    wrong = {name: ending for name, ending in endings.items() if ending.get("returncode") != 0}
    if wrong or len(endings) != JOBS:
        raise MeasurementFailed(f"{len(endings)} of {JOBS} jobs ended, of these not well: {wrong}")
    return watch.seconds


def main() -> None:
    """Measure."""
    metric = ShortJobs()
    ways = {REFERENCE: alone, OURS: through_the_server}
    rounds: Rounds = {name: [] for name in ways}
    with running_site() as site:
        for number in range(1, metric.rounds + 1):
            for name, way in ways.items():
                rounds[name].append({"seconds": way(site)})
                sys.stderr.write(f"{number}/{metric.rounds} {name}: {rounds[name][-1]['seconds']:.1f} s\n")
    source = (ROOT / "runtime" / "src" / "pulsar_runtime" / "__init__.py").read_text()
    (our_version,) = re.findall(r'^__version__ = "(.+)"$', source, re.MULTILINE)
    report = Report(
        introduction=INTRODUCTION,
        measured_at=datetime.now(UTC),
        machine=machine.describe(),
        versions={OURS: f"galaxyops.pulsar {our_version}", REFERENCE: f"Slurm {site.version}"},
        results=[(metric, rounds)],
    )
    sys.stdout.write(report.table())
    PAGE.write_text(report.page())


if __name__ == "__main__":
    main()
