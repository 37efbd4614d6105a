"""Asking a batch system about all jobs at once, and its books about those that it does not list."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

import attrs

from pulsar_runtime.domain.errors import QueryError
from pulsar_runtime.managers.batch.commands import Commands
from pulsar_runtime.managers.batch.dialect import CommandResult, Dialect, Question, Report
from pulsar_runtime.managers.batch.host import Host
from pulsar_runtime.managers.batch.outage import Outages
from pulsar_runtime.managers.batch.pace import Pace
from pulsar_runtime.ports import Clock, Reactor

logger = logging.getLogger(__name__)

#: By names; when several jobs have one, the latest counts.
Reports = Mapping[str, Report]


@attrs.frozen(kw_only=True)
class Readers:
    """Who is told what the batch system says."""

    #: Read the answer of this number; return whether it changed anything.
    listed: Callable[[int, Reports], bool]
    #: Read what the books say of the jobs asked for.
    booked: Callable[[Sequence[str], Reports], None]
    #: Tell whether there is anything to ask for.
    wanted: Callable[[], bool]


class Listing:
    """Asks again and again while somebody wants to know; never twice at a time."""

    def __init__(
        self,
        *,
        dialect: Dialect,
        host: Host,
        user: str | None,
        reactor: Reactor,
        commands: Commands,
        clock: Clock,
        outages: Outages,
        pace: Pace,
        readers: Readers,
    ) -> None:
        self._dialect = dialect
        self._host = host
        self._user = user
        self._reactor = reactor
        self._commands = commands
        self._clock = clock
        self._pace = pace
        self._readers = readers
        #: The number of the last question.
        self.asked = 0
        #: Whether this agent ever got a good answer.
        self.answered = False
        self._asking = False
        self._consulting = False
        self._has_books = dialect.accounting is not None
        self._due: float | None = None
        #: Counts plans, of which only the last holds.
        self._plan_number = 0
        self._unknown_words: set[str] = set()
        self._outage = outages.of(f"{dialect.title} does not tell of its jobs")
        self._books_outage = outages.of(f"{dialect.title} does not tell of past jobs")

    def unknown_word(self, report: Report) -> None:
        """Say, once, that a state is not in the dialect's table."""
        if report.word not in self._unknown_words:
            self._unknown_words.add(report.word)
            text = "%s says %r of job %s, a state that this release does not know; the job stays as it is"
            logger.warning(
                text, self._dialect.title, report.word, report.number, extra={"action": "unknown_state"}
            )

    def quicken(self) -> None:
        """Ask soon, for something changed."""
        self._pace.quicken()
        self._plan(self._pace.seconds)

    def ask_now(self) -> None:
        """Ask as soon as the present question, if there is one, is answered."""
        self._pace.quicken()
        self._plan(0.0)

    def consult(self, names: Sequence[str], since: float) -> None:
        """Look jobs up in the books, unless that goes on; without books nothing is found."""
        accounting = self._dialect.accounting
        if accounting is None or not self._has_books:
            self._readers.booked(names, {})
        elif not self._consulting:
            self._consulting = True
            question = Question(user=self._user, names=names, since=since)
            self._commands.run(self._host.argv(accounting(question)), partial(self._booked, names))

    def _plan(self, seconds: float) -> None:
        due = self._clock() + seconds
        if not self._asking and (self._due is None or due < self._due):
            self._due = due
            self._plan_number += 1
            self._reactor.call_later(seconds, partial(self._ask, self._plan_number))

    def _ask(self, plan_number: int) -> None:
        if plan_number != self._plan_number:
            return
        self._due = None
        if self._readers.wanted():
            self._asking = True
            self.asked += 1
            self._commands.run(self._host.argv(self._dialect.status(self._user)), self._listed)

    def _listed(self, result: CommandResult) -> None:
        self._asking = False
        try:
            reports = self._dialect.read_status(result)
        except QueryError as exc:
            self._outage.met(str(exc))
            self._pace.slow_down()
        else:
            self._outage.over()
            self.answered = True
            if self._readers.listed(self.asked, _by_name(reports)):
                self._pace.quicken()
            else:
                self._pace.slow_down()
        self._plan(self._pace.seconds)

    def _booked(self, names: Sequence[str], result: CommandResult) -> None:
        self._consulting = False
        read = self._dialect.read_accounting
        try:
            reports = read(result) if read is not None else None
        except QueryError as exc:
            self._books_outage.met(str(exc))
            return
        self._books_outage.over()
        self._has_books = reports is not None
        self._readers.booked(names, _by_name(reports or ()))


def _by_name(reports: Collection[Report]) -> Reports:
    return {report.name: report for report in reports}
