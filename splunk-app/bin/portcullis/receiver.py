"""Hands one body to the receiver and says in words what came of it."""

from __future__ import annotations

import email.utils
import json
import time
import zlib
from dataclasses import dataclass
from typing import Any

from portcullis.errors import EXIT_LOST, EXIT_NEEDS_PERSON, ActionError
from portcullis.exchange import Answer, exchange
from portcullis.settings import HOOK_PATH, Settings
from portcullis.sign import key_of, signature
from portcullis.version import app_version

MOST_RETRY_AFTER_SECONDS = 3600.0
PACK_LEVEL = 3


@dataclass(frozen=True)
class Accepted:
    """The receiver has it on disk. is_repeat: it had it already."""

    alert_id: str
    is_repeat: bool
    addresses: int


class NotAccepted(ActionError):
    """retry_after: seconds that the receiver asks to wait, or None."""

    def __init__(self, message: str, *, retryable: bool, retry_after: float | None = None) -> None:
        super().__init__(message, retryable=retryable)
        self.retry_after = retry_after


class TooLarge(ActionError):
    """The same rows in smaller parts may be taken."""


class Refused(ActionError):
    """It can't be read there, however often it is sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message, exit_code=EXIT_LOST)


class Receiver:
    """The receiver at one address, with one secret."""

    def __init__(self, settings: Settings, secret: str) -> None:
        key_of(secret)
        self._settings = settings
        self._secret = secret
        self._agent = "Portcullis-Splunk-App/" + app_version()

    def post(self, delivery_id: str, body: bytes, timeout: float) -> Accepted:
        """Signs and sends a JSON body. The same id, however often it is sent, is one alert.

        @raises NotAccepted, TooLarge, Refused, ActionError
        """
        packed = gzip_of(body)
        now = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            "Accept": "application/json",
            "User-Agent": self._agent,
            "webhook-id": delivery_id,
            "webhook-timestamp": str(now),
            "webhook-signature": signature(self._secret, delivery_id, now, packed),
        }
        url = self._settings.url + HOOK_PATH
        return judge(exchange("POST", url, packed, headers, self._settings.ca_file, timeout), url)


def gzip_of(body: bytes) -> bytes:
    """The same bytes for the same body, on every day."""
    packer = zlib.compressobj(PACK_LEVEL, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()


def judge(answer: Answer, url: str) -> Accepted:
    """What an answer means. @raises NotAccepted, TooLarge, Refused"""
    said = _json_of(answer.body)
    if answer.status in (200, 202):
        return _accepted(said, answer, url)
    reason = "%s answered %d%s" % (url, answer.status, _detail_of(said))
    if answer.status == 413:
        raise TooLarge(reason, exit_code=EXIT_NEEDS_PERSON)
    if answer.status == 400 and said.get("code") in ("BODY_UNREADABLE", "PAYLOAD_INVALID"):
        raise Refused(reason)
    if answer.status in (408, 425, 429) or answer.status >= 500:
        raise NotAccepted(reason, retryable=True, retry_after=retry_after_of(answer.headers.get("retry-after")))
    raise NotAccepted(reason + _advice(answer), retryable=False)


def retry_after_of(text: str | None) -> float | None:
    """Seconds to wait that a header says, as a number or a date, at most an hour; None when it says nothing."""
    if text is None:
        return None
    try:
        seconds = float(int(text.strip()))
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - time.time()
        except (TypeError, ValueError, IndexError, OverflowError):
            return None
    return min(max(seconds, 0.0), MOST_RETRY_AFTER_SECONDS)


def _accepted(said: dict[str, Any], answer: Answer, url: str) -> Accepted:
    alert_id, status, addresses = said.get("alertId"), said.get("status"), said.get("addresses")
    if isinstance(alert_id, str) and status in ("accepted", "duplicate"):
        return Accepted(alert_id, status == "duplicate", addresses if isinstance(addresses, int) else 0)
    if "json" in answer.headers.get("content-type", ""):
        raise NotAccepted("%s answered %d with something that can't be read." % (url, answer.status), retryable=True)
    raise NotAccepted(
        "%s answered %d, but is no Portcullis receiver. Correct the URL on the app's setup page." % (url, answer.status),
        retryable=False,
    )


def _advice(answer: Answer) -> str:
    if 300 <= answer.status < 400:
        return " A redirect is never followed. Enter the final URL on the app's setup page."
    if answer.status == 401:
        return " Compare the signing secret on the app's setup page with `portcullis secrets`, and the clocks of both machines."
    if answer.status == 403:
        return " Add this machine to WEBHOOK_SOURCES of the receiver."
    return " Check the URL on the app's setup page, and what stands between this machine and the receiver."


def _detail_of(said: dict[str, Any]) -> str:
    detail = said.get("detail")
    return ": " + detail[:300] if isinstance(detail, str) else "."


def _json_of(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}
