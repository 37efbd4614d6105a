"""The user log of one job, read as it grows."""

from __future__ import annotations

import os
import stat

from pulsar_runtime.managers.condor.user_log import History, read

#: The file lies in the job's reach: a link is not followed, and a FIFO holds nobody.
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

#: More than any job's log holds; of one that is longer, the rest is read later.
_MOST_BYTES = 1024 * 1024


class JobLog:
    """What was read of a log so far."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.history = History()
        self._offset = 0

    def make(self, *, for_user: bool = False) -> None:
        """Have an empty log, so that it can be watched before there is anything in it; raises `OSError`.

        *for_user* tells that the job, and with it HTCondor, writes as another user, whose the directory is.
        """
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644)
        try:
            if for_user and os.fstat(descriptor).st_uid == os.geteuid():
                # Nobody else comes into the directory.
                os.fchmod(descriptor, 0o666)
        finally:
            os.close(descriptor)

    def read(self) -> bool:
        """Read what is new; tell whether it says anything."""
        try:
            # The cheapest question: most logs are as they were.
            if os.stat(self.path, follow_symlinks=False).st_size <= self._offset:
                return False
            descriptor = os.open(self.path, _OPEN)
        except OSError:
            # Gone with its directory, or not what we made: the queue will tell.
            return False
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return False
            file.seek(self._offset)
            # Bytes stand for themselves, so that places in the text are places in the file.
            text = file.read(_MOST_BYTES).decode("latin-1")
        self.history, understood = read(text, self.history)
        self._offset += understood
        return understood > 0
