"""Sends a signed delivery that shows whether alerts would arrive, and that can block nobody."""

from __future__ import annotations

import gzip
import ipaddress
import json
import secrets
import socket
import time
from typing import Any

from portcullis.exchange import Answer, exchange
from portcullis.receiver_api import not_portcullis
from portcullis.refusal import Refusal
from portcullis.settings import HOOK_PATH, Settings
from portcullis.sign import signature

SEARCH_NAME = "Portcullis test"
ASK_SECONDS = 20.0


def send_test(settings: Settings, secret: str, user: str) -> dict[str, Any]:
    """Sends one row as the alert action does. Its address is the loopback address, which Portcullis never blocks.

    @returns alertId, status, addresses, milliseconds, url
    @raises Refusal, ActionError
    """
    now = int(time.time())
    sid = "portcullis_test_%d.%s" % (now, secrets.token_hex(6))
    body = gzip.compress(json.dumps(_payload(sid, user)).encode("utf-8"))
    headers = {
        "webhook-id": sid,
        "webhook-timestamp": str(now),
        "webhook-signature": signature(secret, sid, now, body),
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
        "User-Agent": "Portcullis-Splunk-App",
    }
    started = time.monotonic()
    answer = exchange("POST", settings.url + HOOK_PATH, body, headers, settings.ca_file, ASK_SECONDS)
    taken = _read(answer)
    return {
        "alertId": taken.get("alertId"),
        "status": taken.get("status"),
        "addresses": taken.get("addresses"),
        "milliseconds": round((time.monotonic() - started) * 1000),
        "url": settings.url,
    }


def _payload(sid: str, user: str) -> dict[str, Any]:
    row = {"src_ip": str(ipaddress.ip_address(socket.INADDR_LOOPBACK)), "count": "1"}
    return {"sid": sid, "search_name": SEARCH_NAME, "app": "portcullis", "owner": user, "results_link": None, "results": [row]}


def _read(answer: Answer) -> dict[str, Any]:
    try:
        told = json.loads(answer.body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise not_portcullis(answer.status)
    if answer.status == 202 and isinstance(told.get("alertId"), str):
        return told
    code = str(told.get("code", ""))[:60]
    said = str(told.get("detail", ""))[:500]
    if code == "":
        raise not_portcullis(answer.status)
    raise Refusal(502, code, "Portcullis: " + said, _advice.get(code, "Portcullis's log tells more. Try again in a minute."))


_advice = {
    "UNAUTHENTICATED": (
        "Run `portcullis secrets` on the receiver, enter the signing secret that it prints here, and save. "
        "If it is right, compare the clocks: they may differ by five minutes."
    ),
    "SOURCE_NOT_ALLOWED": "Add this search head to WEBHOOK_SOURCES in the receiver's settings, and restart the receiver.",
    "NOT_FOUND": "The URL leads to Portcullis, but not to its root: enter it without a path, unless a proxy needs one.",
}
