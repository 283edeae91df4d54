"""Asks Portcullis's own API about addresses, and to block and unblock them."""

from __future__ import annotations

import json
import urllib.parse
from typing import Any

from portcullis.exchange import Answer, exchange
from portcullis.refusal import Refusal
from portcullis.settings import Settings
from portcullis.version import app_version

ASK_SECONDS = 30.0

NEW_TOKEN = (
    "On the receiver run `portcullis token create splunk --role operator` and enter the token that it prints on the app's setup page."
)


class ReceiverApi:
    """The receiver's API with one bearer token, which goes into a header and nowhere else."""

    def __init__(self, settings: Settings, token: str) -> None:
        self._settings = settings
        self._token = token

    def look_up(self, ip: str) -> dict[str, Any]:
        """Everything known about a checked address. @raises Refusal, ActionError"""
        return self._ask("GET", "addresses/" + _quoted(ip), None)

    def block(self, ip: str, duration: str, reason: str, actor: str) -> dict[str, Any]:
        """The block that stands now, and its decision. @raises Refusal, ActionError"""
        return self._ask("POST", "blocks", {"network": ip, "duration": duration, "reason": reason, "actor": actor})

    def unblock(self, ip: str, reason: str, actor: str) -> dict[str, Any]:
        """What was lifted, and until when alerts can't block it again. @raises Refusal, ActionError"""
        return self._ask("DELETE", "blocks/" + _quoted(ip), {"reason": reason, "actor": actor})

    def _ask(self, method: str, path: str, body: dict[str, str] | None) -> dict[str, Any]:
        if not self._token.isascii() or not self._token.isprintable():
            raise Refusal(502, "TOKEN_REFUSED", "The stored API token holds characters that no token has.", NEW_TOKEN)
        headers = {
            "Authorization": "Bearer " + self._token,
            "Accept": "application/json",
            "User-Agent": "Portcullis-Splunk-App/" + app_version(),
        }
        sent = None if body is None else json.dumps(body).encode("utf-8")
        if sent is not None:
            headers["Content-Type"] = "application/json"
        url = "%s/api/v1/%s" % (self._settings.url, path)
        return read_answer(exchange(method, url, sent, headers, self._settings.ca_file, ASK_SECONDS))


def read_answer(answer: Answer) -> dict[str, Any]:
    """The JSON object of a success. @raises Refusal for everything else"""
    told = _json_of(answer.body)
    if 200 <= answer.status < 300 and told is not None:
        return told
    said = str((told or {}).get("detail", ""))[:500]
    code = str((told or {}).get("code", ""))[:60]
    if answer.status == 401:
        raise Refusal(502, "TOKEN_REFUSED", "Portcullis does not know the stored API token.", NEW_TOKEN)
    if code == "FORBIDDEN":
        raise Refusal(502, "TOKEN_TOO_WEAK", "Portcullis: " + said, NEW_TOKEN)
    if told is None or code == "" or 300 <= answer.status < 400:
        raise _not_portcullis(answer.status)
    if answer.status in (400, 404, 409):
        raise Refusal(answer.status, code, "Portcullis: " + said, "Nothing was changed.")
    raise Refusal(503, code, "Portcullis: " + (said or "it answered %d." % answer.status), "Try again in a minute. Its log tells more.")


def _not_portcullis(status: int) -> Refusal:
    """Something else answered: a proxy, a log-in page, another program."""
    where = "a redirect" if 300 <= status < 400 else "status %d, and not as Portcullis does" % status
    return Refusal(
        502,
        "NOT_PORTCULLIS",
        "The receiver's URL was answered with %s." % where,
        "Check the URL on the app's setup page. A proxy in between must pass on /webhooks/ and /api/ unchanged.",
    )


def _quoted(ip: str) -> str:
    return urllib.parse.quote(ip, safe="")


def _json_of(body: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None
