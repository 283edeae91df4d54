"""One delivery on its way: in the spool, or in memory alone when there is no room for it."""

from __future__ import annotations

import os
from typing import Iterator

from portcullis.delivery import Delivery, Row
from portcullis.durable import write_whole
from portcullis.lock import Lock
from portcullis.log import Log
from portcullis.progress import Progress
from portcullis.rows import ResultsCorrupt, ResultsCut, check_results, read_rows

DELIVERY_FILE = "delivery.json"
RESULTS_FILE = "results.csv.gz"
STATE_FILE = "state.json"
LOCK_FILE = "lock"


class Item:
    """A delivery, how far it has come, and its rows. is_kept: it is in the spool. misses_rows: some could not be read."""

    def __init__(
        self, delivery: Delivery, progress: Progress, log: Log, *, folder: str | None = None, lock: Lock | None = None
    ) -> None:
        self.delivery = delivery
        self.progress = progress
        self.folder = folder
        self.misses_rows = False
        self._log = log
        self._lock = lock
        self._told: set[str] = set()

    @property
    def is_kept(self) -> bool:
        """True when it stays after this run."""
        return self.folder is not None

    def save(self, progress: Progress) -> None:
        """Takes down how far it has come. When the disk is full it goes on: what is sent twice then has the same id."""
        self.progress = progress
        if self.folder is None:
            return
        try:
            write_whole(os.path.join(self.folder, STATE_FILE), progress.to_json())
        except OSError as error:
            self._tell("warn", "progress can't be written down, a crash now would send rows a second time: %s" % error.strerror)

    def release(self) -> None:
        """Lets another process have it."""
        if self._lock is not None:
            self._lock.release()

    def rows(self) -> Iterator[Row]:
        """All rows from the first; only the one that Splunk gave beside its file when the file can't be read."""
        path = self._results_path()
        if path is None:
            return self._first_row_alone(None)
        try:
            check_results(path)
        except ResultsCorrupt as error:
            return self._first_row_alone("is corrupt (%s)" % error)
        except OSError as error:
            return self._first_row_alone("can't be read (%s)" % error.strerror)
        return self._rows_of(path)

    def _results_path(self) -> str | None:
        kept = os.path.join(self.folder, RESULTS_FILE) if self.folder is not None else None
        return kept if kept is not None and os.path.exists(kept) else self.delivery.results_file

    def _rows_of(self, path: str) -> Iterator[Row]:
        number = 0
        try:
            for row in read_rows(path, self._miss_row):
                number += 1
                yield row
        except (ResultsCut, ResultsCorrupt, OSError):
            self.misses_rows = True
            self._tell("error", "the results file ends too early: only the rows before its end are sent", rows=number)
            if number == 0 and self.delivery.first_row is not None:
                yield self.delivery.first_row

    def _first_row_alone(self, fault: str | None) -> Iterator[Row]:
        row = self.delivery.first_row
        if fault is not None:
            self.misses_rows = True
            self._tell("error", "the results file %s: only the first row is sent" % fault, rows=0 if row is None else 1)
        elif row is not None:
            self._tell("warn", "Splunk named no results file: only the first row is there")
        return iter(() if row is None else (row,))

    def _miss_row(self) -> None:
        self.misses_rows = True
        self._tell("error", "the results file has rows that can't be read: they are left out")

    def _tell(self, level: str, text: str, **facts: object) -> None:
        if text in self._told:
            return
        self._told.add(text)
        tell = self._log.error if level == "error" else self._log.warn
        tell(text, sid=self.delivery.sid, search=self.delivery.search_name, **facts)
