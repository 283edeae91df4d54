"""What both scripts work with, and what they do with each item."""

from __future__ import annotations

import time

from portcullis.deliver import deliver
from portcullis.errors import EXIT_LOST, ActionError
from portcullis.item import Item
from portcullis.log import Log
from portcullis.patience import Patience
from portcullis.receiver import NotAccepted, Receiver, Refused
from portcullis.response_log import FAILURE, PENDING, SUCCESS, ResponseLog
from portcullis.spool import Spool
from portcullis.standing import Standing

MOST_AGE_SECONDS = 7 * 24 * 3600.0


class Desk:
    """Sends items and settles what becomes of them: gone, put aside, kept, or given up. Every outcome is logged once."""

    def __init__(self, spool: Spool, standing: Standing, responses: ResponseLog, log: Log) -> None:
        self.spool = spool
        self.standing = standing
        self.log = log
        self._responses = responses

    def send(self, item: Item, receiver: Receiver, patience: Patience) -> None:
        """Sends one item. @raises ActionError after it was settled"""
        begun = time.monotonic()
        try:
            deliver(item, receiver, patience, self.log)
        except ActionError as error:
            if not isinstance(error, Refused):
                self.standing.failed(error.retry_after if isinstance(error, NotAccepted) else None)
            self.settle_failure(item, error)
            raise
        self.standing.accepted()
        self._settle_success(item, time.monotonic() - begun)
        if item.misses_rows:
            raise ActionError("rows are missing", exit_code=EXIT_LOST)

    def send_waiting(self, receiver: Receiver, patience: Patience) -> None:
        """Sends what waits, those first that failed least often, until one fails or patience ends."""
        try:
            self._send_waiting(receiver, patience)
        except OSError as error:
            self.log.error("what waits can't be sent: %s" % error.strerror, path=error.filename)

    def _send_waiting(self, receiver: Receiver, patience: Patience) -> None:
        for name in sorted(self.spool.names(), key=lambda one: (self.spool.attempts(one), one)):
            if patience.is_over():
                return
            item = self._claim(name)
            if item is None:
                continue
            try:
                self.send(item, receiver, patience)
            except ActionError as error:
                if error.exit_code != EXIT_LOST:
                    return
            finally:
                item.release()

    def _claim(self, name: str) -> Item | None:
        try:
            return self.spool.claim(name)
        except OSError as error:
            # Made by another user perhaps: somebody has tried the script as root.
            self.log.error("a kept delivery can't be opened: %s" % error.strerror, path=error.filename)
            return None

    def settle_failure(self, item: Item, error: ActionError) -> None:
        """What becomes of an item that was not accepted."""
        if isinstance(error, Refused):
            self._fail(item, "refused, and put aside", str(error))
            self.spool.put_aside(item)
        elif not item.is_kept:
            advice = "The rows are lost here. `portcullis pull` on the receiver fetches them while Splunk keeps the job."
            self._fail(item, "neither accepted nor kept", "%s %s" % (error, advice))
        elif time.time() - item.delivery.kept_at > MOST_AGE_SECONDS:
            self._fail(item, "given up after 7 days, and put aside", str(error))
            self.spool.put_aside(item)
        else:
            item.save(item.progress.failed())
            self._wait(item, error)

    def _settle_success(self, item: Item, seconds: float) -> None:
        done = item.progress
        more = "" if done.deliveries <= len(done.alerts) else "(+%d)" % (done.deliveries - len(done.alerts))
        self.log.info(
            "accepted",
            rows=done.rows,
            addresses=done.addresses,
            deliveries=done.deliveries,
            alerts=",".join(done.alerts) + more,
            sid=item.delivery.sid,
            search=item.delivery.search_name,
            seconds=seconds,
        )
        missing = " Some rows could not be read." if item.misses_rows else ""
        text = "Portcullis accepted %d rows with %d addresses.%s" % (done.rows, done.addresses, missing)
        self._responses.tell(item, FAILURE if item.misses_rows else SUCCESS, text)
        self.spool.remove(item)

    def _fail(self, item: Item, what: str, reason: str) -> None:
        self.log.error("%s: %s" % (what, reason), accepted_rows=item.progress.rows - item.progress.refused, **_names(item))
        self._responses.tell(item, FAILURE, reason)

    def _wait(self, item: Item, error: ActionError) -> None:
        tell = self.log.warn if error.retryable else self.log.error
        tell("not accepted, kept and sent again within a minute: %s" % error, accepted_rows=item.progress.rows, **_names(item))
        if item.progress.attempts == 1:
            self._responses.tell(item, PENDING, str(error))


def _names(item: Item) -> dict[str, object]:
    return {"sid": item.delivery.sid, "search": item.delivery.search_name}
