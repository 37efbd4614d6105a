"""Wiring of the agent process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Protocol

from pulsar_runtime.agent.process import only_agent, run
from pulsar_runtime.agent.reactor import SelectorReactor
from pulsar_runtime.application.outage_journal import OutageJournal
from pulsar_runtime.application.supervisor import ManagerWorks, Supervisor
from pulsar_runtime.bootstrap import adapters
from pulsar_runtime.bootstrap.managers import check_managers, job_manager
from pulsar_runtime.bootstrap.staging import StagingWorks
from pulsar_runtime.bootstrap.surroundings import ManagerSurroundings
from pulsar_runtime.config.schema import Config, ManagerConfig
from pulsar_runtime.domain.environment import Assign
from pulsar_runtime.domain.ids import ManagerName
from pulsar_runtime.managers import launch_record
from pulsar_runtime.managers.batch.outage import Outages
from pulsar_runtime.managers.preparation import ScriptPreparer
from pulsar_runtime.store.doorbell import listen, show_life
from pulsar_runtime.store.openat2 import require_openat2
from pulsar_runtime.store.outages import SqliteOutages
from pulsar_runtime.systemd.notification import SILENT, Notifier


class Messages(Protocol):
    """The agent's part by messages."""

    def announced(self) -> None:
        """Hear that there is something in the outbox."""

    def exchanged(self) -> AbstractContextManager[None]:
        """Exchange messages for as long as the block lasts."""


class NoMessages:
    """What an agent without a broker has in place of messages."""

    def announced(self) -> None:
        """Leave it there."""

    def exchanged(self) -> AbstractContextManager[None]:
        """Do nothing for as long as the block lasts."""
        return nullcontext()


def run_agent(config: Config, environ: Mapping[str, str], notifier: Notifier = SILENT) -> None:
    """Be the agent until a signal says stop.

    Raises `UnfitHost`, `AlreadyRunning`, and `StoreError` when the job store cannot be used.
    """
    require_openat2()
    check_managers(config, environ)
    os.umask(adapters.umask(config))
    records = config.persistence_directory / "launches"
    with only_agent(config.persistence_directory):
        messages = _messages(config)
        store = adapters.job_store(config, messages.announced)
        store.open(check=True)
        records.mkdir(mode=0o700, exist_ok=True)
        reactor = SelectorReactor()
        outages = SqliteOutages(config.persistence_directory)
        # What an earlier agent met may be over.
        outages.end_all()
        journal = OutageJournal(outages, reactor)
        works: dict[ManagerName, ManagerWorks] = {}
        supervisor = Supervisor(store, works, reactor)
        staging = StagingWorks(config, store, reactor, environ)
        for name, manager in config.managers.items():
            around = ManagerSurroundings(
                name=name,
                records=records,
                reactor=reactor,
                changed=partial(supervisor.changed, name),
                outages=Outages(journal, name),
                environ=environ,
            )
            works[name] = ManagerWorks(
                manager=job_manager(manager, around),
                preparer=_preparer(manager),
                stager=staging.stager(manager),
            )
        with listen(config.persistence_directory) as doorbell, messages.exchanged():
            run(
                supervisor,
                reactor,
                doorbell,
                lambda: launch_record.sweep(records, supervisor.launch_ids()),
                show_life=partial(show_life, config.persistence_directory),
                notifier=notifier,
            )
        staging.close()
        for work in works.values():
            work.manager.close()
        reactor.close()
        outages.close()
        store.close()


def _messages(config: Config) -> Messages:
    if not config.has_broker:
        return NoMessages()
    from pulsar_runtime.bootstrap.messaging import Messaging  # noqa: PLC0415 - few sites have a broker

    return Messaging(config)


def _preparer(manager: ManagerConfig) -> ScriptPreparer:
    return ScriptPreparer(
        environment=tuple(Assign(name, value) for name, value in manager.environment.items()),
        galaxy_home=manager.galaxy_home,
        galaxy_virtual_env=manager.galaxy_virtual_env,
        tmp_dir=manager.tmp_dir,
        shared_with_group=manager.real_users,
    )
