"""Whom a job runs as: the user that Galaxy names, or the one that the site's script makes of that."""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Callable
from functools import partial

from pulsar_runtime.managers.batch.dialect import CommandResult
from pulsar_runtime.managers.batch.host import Call
from pulsar_runtime.managers.real_user.errands import Errands

#: As useradd(8) takes them.
_USER_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.@-]{0,63}")

_WORDS_SHOWN = 300

#: Told the user on this machine, and why no job can run as that user, if that is so.
Found = Callable[[str, str], None]


class Users:
    """Finds users.

    *mapping* is given the user from Galaxy and prints the user on this machine, within the limit of
    *errands*; without it, both are one.
    """

    def __init__(self, *, mapping: str | None, errands: Errands) -> None:
        self._mapping = mapping
        self._errands = errands

    def find(self, wanted: str, found: Found) -> None:
        """Find the user for *wanted*, which is Galaxy's; *found* is told, perhaps before this returns."""
        if not wanted:
            found("", "Galaxy's destination must say which: submit_user: $__user_name__")
        elif self._mapping is None:
            found(wanted, _problem_with(wanted))
        else:
            call = Call(argv=(self._mapping, "--", wanted))
            self._errands.run(call, partial(_mapped, wanted, found))

    def close(self) -> None:
        """Tell nobody any more."""
        self._errands.close()


def owner(directory: str) -> str:
    """Return the user whom a job's directory was handed over to; nothing if it is ours.

    Raises `FileNotFoundError` if it is gone, and `KeyError` if nobody knows the user.
    """
    uid = os.stat(directory).st_uid
    return "" if uid == os.geteuid() else pwd.getpwuid(uid).pw_name


def _mapped(wanted: str, found: Found, answer: CommandResult) -> None:
    if answer.exit_code == 0:
        user = answer.stdout.strip()
        found(user, _problem_with(user))
    else:
        found("", f"the user mapping script does not know {wanted!r}: {answer.words}")


def _problem_with(user: str) -> str:
    """Say why nobody's job can run as *user*, if that is so."""
    if not _USER_NAME.fullmatch(user):
        return f"{user[:_WORDS_SHOWN]!r} cannot be the name of a user"
    try:
        found = pwd.getpwnam(user)
    except KeyError:
        return f"there is no user {user!r} on this machine"
    return "jobs cannot run as root" if found.pw_uid == 0 else ""
