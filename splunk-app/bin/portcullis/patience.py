"""How long and how often one run tries."""

from __future__ import annotations

import random
import time

from portcullis.errors import ActionError
from portcullis.receiver import NotAccepted

FIRST_PAUSE_SECONDS = 0.5
MOST_PAUSE_SECONDS = 20.0
MOST_REQUEST_SECONDS = 60.0


class Patience:
    """in_all: seconds for everything; after_failure: seconds to go on since the receiver last accepted something, or since the beginning."""

    def __init__(self, in_all: float, after_failure: float) -> None:
        now = time.monotonic()
        self._end = now + in_all
        self._after_failure = after_failure
        self._since = now
        self._failures = 0

    def request_seconds(self) -> float:
        """For the next request, at least one second."""
        return max(1.0, min(MOST_REQUEST_SECONDS, self._end - time.monotonic()))

    def is_over(self) -> bool:
        """True when nothing new should be begun."""
        return time.monotonic() >= self._end

    def accepted(self) -> None:
        """The receiver is well: what comes next has all patience again."""
        self._failures = 0
        self._since = time.monotonic()

    def pause(self, error: ActionError) -> bool:
        """Waits before another try, as long as the receiver asks, and twice as long as the last time. False at once: it is not worth it."""
        if not error.retryable:
            return False
        asked = error.retry_after if isinstance(error, NotAccepted) else None
        seconds = max(asked or 0.0, self._next_pause())
        now = time.monotonic()
        if now + seconds > min(self._end, self._since + self._after_failure):
            return False
        self._failures += 1
        time.sleep(seconds)
        return True

    def _next_pause(self) -> float:
        # Runs of one outage must not come back all at once.
        longest = min(MOST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**self._failures)
        return longest * random.uniform(0.5, 1.0)
