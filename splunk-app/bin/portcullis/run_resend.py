"""One run of the resend input: sends what the alert action could not."""

from __future__ import annotations

from portcullis.desk import Desk
from portcullis.errors import EXIT_ACCEPTED, ActionError
from portcullis.patience import Patience
from portcullis.receiver import Receiver
from portcullis.secret import SIGNING_SECRET, read_secret
from portcullis.settings import read_settings
from portcullis.splunkd import Splunkd

IN_ALL_SECONDS = 600.0
"""Splunk begins no second run while one goes on."""


def run_resend(session_key: str, desk: Desk) -> int:
    """Sends what waits. With an empty spool it asks nobody anything. @returns the exit code, see errors.py"""
    newest = desk.spool.newest()
    if newest is None or desk.standing.seconds_to_wait() > 0:
        return EXIT_ACCEPTED
    try:
        splunkd = Splunkd(newest.server_uri, session_key)
        receiver = Receiver(read_settings(splunkd), read_secret(splunkd, SIGNING_SECRET))
    except ActionError as error:
        desk.log.error("deliveries wait and can't be sent: %s" % error, waiting=len(desk.spool.names()))
        return error.exit_code
    desk.send_waiting(receiver, Patience(IN_ALL_SECONDS, 0))
    return EXIT_ACCEPTED
