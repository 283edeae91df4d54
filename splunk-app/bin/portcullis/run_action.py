"""One run of the alert action: write down, send, then send what older runs could not."""

from __future__ import annotations

from portcullis.desk import Desk
from portcullis.errors import EXIT_ACCEPTED, EXIT_LOST, ActionError
from portcullis.item import Item
from portcullis.patience import Patience
from portcullis.payload import Run, read_payload
from portcullis.progress import Progress
from portcullis.receiver import NotAccepted, Receiver
from portcullis.secret import SIGNING_SECRET, read_secret
from portcullis.settings import settings_of
from portcullis.spool import SpoolFull
from portcullis.splunkd import Splunkd

IN_ALL_SECONDS = 240.0
"""Splunk ends the action after 300 (`maxtime`)."""
KEPT_RETRY_SECONDS = 30.0
"""What is kept is sent within a minute by the resend input; until then this run would only hold one of Splunk's ten action threads."""
PER_RESULT_SECONDS = 10.0
PER_RESULT_RETRY_SECONDS = 3.0
"""Up to 500 rows of a search share 300 seconds; those that get no turn are dropped by Splunk."""
OTHERS_SECONDS = 10.0


def run_action(document: bytes, desk: Desk) -> int:
    """Delivers what splunkd gives on standard input. @returns the exit code, see errors.py"""
    try:
        run = read_payload(document)
    except ActionError as error:
        desk.log.error(str(error))
        return error.exit_code
    item = _keep(run, desk)
    try:
        return _deliver(run, item, desk)
    finally:
        item.release()


def _keep(run: Run, desk: Desk) -> Item:
    try:
        return desk.spool.keep(run.delivery)
    except (SpoolFull, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        desk.log.warn("can't be kept on this machine (%s), so it is only sent" % reason, folder=desk.spool.root)
        return Item(run.delivery, Progress(), desk.log)


def _deliver(run: Run, item: Item, desk: Desk) -> int:
    try:
        receiver = _receiver_of(run, item, desk)
    except ActionError as error:
        desk.settle_failure(item, error)
        return error.exit_code if item.is_kept else EXIT_LOST
    try:
        desk.send(item, receiver, _patience(item, desk))
    except ActionError as error:
        return error.exit_code if item.is_kept else EXIT_LOST
    item.release()
    seconds = OTHERS_SECONDS if item.delivery.row is None else 1.0
    desk.send_waiting(receiver, Patience(seconds, 0))
    return EXIT_ACCEPTED


def _receiver_of(run: Run, item: Item, desk: Desk) -> Receiver:
    """@raises ActionError, also when the receiver is known to fail and this run has no time to see it for itself"""
    if item.is_kept and desk.standing.seconds_to_wait() > 0:
        raise NotAccepted("The receiver asks to be left alone for a while.", retryable=True)
    if item.is_kept and item.delivery.row is not None and desk.standing.failed_lately():
        raise NotAccepted("The receiver failed less than a minute ago.", retryable=True)
    settings = settings_of(run.configuration)
    secret = read_secret(Splunkd(run.delivery.server_uri, run.session_key), SIGNING_SECRET)
    return Receiver(settings, secret)


def _patience(item: Item, desk: Desk) -> Patience:
    if not item.is_kept:
        return Patience(IN_ALL_SECONDS, IN_ALL_SECONDS)
    if item.delivery.row is not None:
        return Patience(PER_RESULT_SECONDS, PER_RESULT_RETRY_SECONDS)
    return Patience(IN_ALL_SECONDS, 0 if desk.standing.failed_lately() else KEPT_RETRY_SECONDS)
