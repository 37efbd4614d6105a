"""The ways by which launches reach a batch system."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from pulsar_runtime.managers.drmaa.client import SessionClient
from pulsar_runtime.managers.drmaa.launch import Launch, arguments, refusal

Taken = Callable[[Launch, str], None]
#: Told the launch, why it was refused, and whether the same may be taken later.
Refused = Callable[[Launch, str, bool], None]


class Door(Protocol):
    """Submits and ends jobs, and is told what the session says."""

    #: How many submissions may be under way.
    width: int

    def submit(self, launch: Launch, attributes: dict[str, str]) -> None:
        """Submit a launch; its answer comes later."""

    def cancel(self, launch: Launch) -> None:
        """Have a job ended."""

    def hear(self, answer: dict[str, Any]) -> bool:
        """Take an answer of the session; tell whether it was for the door."""

    def forgotten(self) -> list[Launch]:
        """Return the launches whose answers will not come, as there is a new session."""

    def close(self) -> None:
        """Listen to nobody any more."""


class SessionDoor:
    """Implements `Door` with the session itself: jobs run as the user that the agent is."""

    width = 1

    def __init__(self, client: SessionClient, taken: Taken, refused: Refused) -> None:
        self._client = client
        self._taken = taken
        self._refused = refused
        self._asked: dict[str, Launch] = {}

    def submit(self, launch: Launch, attributes: dict[str, str]) -> None:
        """Submit a launch; its answer comes later."""
        self._asked[launch.spec.launch_id] = launch
        self._client.ask_for(
            submit=launch.spec.launch_id,
            journal=launch.journal,
            attributes=attributes,
            arguments=arguments(launch),
        )

    def cancel(self, launch: Launch) -> None:
        """Have a job ended."""
        self._client.ask(cancel=launch.number)

    def hear(self, answer: dict[str, Any]) -> bool:
        """Take an answer of the session; tell whether it was for the door."""
        match answer:
            case {"submitted": launch_id, "number": number}:
                if (launch := self._asked.pop(launch_id, None)) is not None:
                    self._taken(launch, number)
            case {"refused": launch_id, "words": words, "transient": transient}:
                if (launch := self._asked.pop(launch_id, None)) is not None:
                    self._refused(launch, refusal(words), transient)
            case _:
                return False
        return True

    def forgotten(self) -> list[Launch]:
        """Return the launches whose answers will not come, as there is a new session."""
        launches = list(self._asked.values())
        self._asked.clear()
        return launches

    def close(self) -> None:
        """Leave the session to whoever made it."""
