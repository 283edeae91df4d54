"""Sends a delivery that shows whether alerts would arrive, and that can block nobody."""

from __future__ import annotations

import ipaddress
import json
import secrets
import socket
import time
from typing import Any

from portcullis.receiver import Receiver
from portcullis.settings import Settings

SEARCH_NAME = "Portcullis test"
ASK_SECONDS = 20.0


def send_test(settings: Settings, secret: str, user: str) -> dict[str, Any]:
    """Sends one row in the way of the alert action. Its address is the loopback address, which Portcullis never blocks.

    @returns alertId, addresses, milliseconds, url
    @raises ActionError
    """
    sid = "portcullis_test_%d.%s" % (int(time.time()), secrets.token_hex(6))
    row = {"src_ip": str(ipaddress.ip_address(socket.INADDR_LOOPBACK)), "count": "1"}
    payload = {"sid": sid, "search_name": SEARCH_NAME, "app": "portcullis", "owner": user, "results_link": None, "results": [row]}
    started = time.monotonic()
    accepted = Receiver(settings, secret).post(sid, json.dumps(payload).encode("utf-8"), ASK_SECONDS)
    return {
        "alertId": accepted.alert_id,
        "addresses": accepted.addresses,
        "milliseconds": round((time.monotonic() - started) * 1000),
        "url": settings.url,
    }
