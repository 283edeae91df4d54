"""The one kind of failure that this app expects, and what its scripts exit with."""

from __future__ import annotations

EXIT_ACCEPTED = 0
"""Every row was accepted by the receiver."""
EXIT_INVOCATION = 1
"""Not started as splunkd does it: nothing was read, nothing is kept."""
EXIT_WAITS = 2
"""Not accepted yet. It is kept on this machine and sent again by itself."""
EXIT_NEEDS_PERSON = 3
"""Not accepted, and a person has to mend something. It is kept and tried again meanwhile."""
EXIT_LOST = 4
"""Rows were refused for good, or could be neither sent nor kept."""
EXIT_BUG = 5
"""A fault of this program. What had been kept before it is still there."""


class ActionError(Exception):
    """A failure that was foreseen. Its text is for people: what happened, where, what to do. It holds no secret.

    retryable: trying the same again in a moment may work.
    exit_code: what a script ends with when this was the last word.
    """

    def __init__(self, message: str, *, retryable: bool = False, exit_code: int | None = None) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.exit_code = exit_code if exit_code is not None else EXIT_WAITS if retryable else EXIT_NEEDS_PERSON
