"""What this machine's runs know of the receiver from each other: when it failed last, and until when it asks to be left alone."""

from __future__ import annotations

import json
import os
import time

from portcullis.durable import write_whole

FAILED_LATELY_SECONDS = 60.0


class Standing:
    """One small file. It only saves time and spares the receiver; nothing depends on it."""

    def __init__(self, folder: str) -> None:
        self._path = os.path.join(folder, "receiver.json")

    def failed(self, retry_after: float | None) -> None:
        """Takes down that it did not accept. retry_after: seconds."""
        now = time.time()
        try:
            write_whole(self._path, json.dumps({"failed_at": now, "not_before": now + (retry_after or 0)}).encode("ascii"))
        except OSError:
            pass

    def accepted(self) -> None:
        """Forgets what was."""
        try:
            os.unlink(self._path)
        except OSError:
            pass

    def failed_lately(self) -> bool:
        """True within a minute of a failure."""
        return 0 <= time.time() - self._read("failed_at") < FAILED_LATELY_SECONDS

    def seconds_to_wait(self) -> float:
        """How long the receiver still asks to be left alone."""
        now = time.time()
        # A failure in the future: the clock was set back, and nobody knows when it was.
        return max(0.0, min(self._read("not_before") - now, 3600.0)) if self._read("failed_at") <= now else 0.0

    def _read(self, name: str) -> float:
        try:
            with open(self._path, "rb") as file:
                return float(json.loads(file.read())[name])
        except (OSError, ValueError, TypeError, KeyError):
            return 0.0
