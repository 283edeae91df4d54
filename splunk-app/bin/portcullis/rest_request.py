"""One request that splunkd passes to a persistent REST handler."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Mapping

from portcullis.refusal import Refusal


@dataclass(frozen=True)
class RestRequest:
    """method: in capitals. query, form: the last value of each name. user: who is logged in to Splunk.

    session_key is that user's; system_key is splunkd's own and may read every secret.
    """

    method: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    user: str
    session_key: str
    system_key: str
    server_uri: str


def read_rest_request(text: str | bytes) -> RestRequest:
    """Reads what splunkd sends (`persistconn`, restmap.conf.spec). @raises Refusal when it is something else"""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise Refusal(400, "REQUEST_UNREADABLE", "Splunk passed on a request that is not JSON.", "Reload the page and try again.")
    session = _object(told.get("session"))
    return RestRequest(
        method=str(told.get("method", "GET")).upper(),
        query=_pairs(told.get("query")),
        form=_pairs(told.get("form")),
        user=str(session.get("user", "")),
        session_key=str(session.get("authtoken", "")),
        system_key=str(told.get("system_authtoken", "")),
        server_uri=str(_object(told.get("server")).get("rest_uri", "")),
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _pairs(value: Any) -> dict[str, str]:
    pairs = value if isinstance(value, list) else []
    return {str(pair[0]): str(pair[1]) for pair in pairs if isinstance(pair, list) and len(pair) == 2}
