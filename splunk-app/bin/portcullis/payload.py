"""Reads what splunkd gives an alert action on standard input."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import Any, Mapping

from portcullis.delivery import Delivery, Row
from portcullis.errors import EXIT_INVOCATION, ActionError

MOST_NOTE_CHARACTERS = 1000
MOST_FIELDS = 100


@dataclass(frozen=True)
class Run:
    """One call by splunkd. configuration: names without `param.`; session_key is a secret."""

    delivery: Delivery
    configuration: Mapping[str, Any]
    session_key: str


def read_payload(document: bytes) -> Run:
    """The run that a JSON document describes. Whatever Splunk leaves out, or gives as null or a number, is taken as it is meant.

    @raises ActionError when it is no payload at all
    """
    try:
        payload = json.loads(document.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        payload = None
    if not isinstance(payload, dict):
        raise ActionError(
            "Standard input holds no JSON object. Splunk runs this script; payload_format of the alert action must be json.",
            exit_code=EXIT_INVOCATION,
        )
    given = payload.get("configuration")
    configuration = given if isinstance(given, dict) else {}
    results_file = _text(payload.get("results_file"))
    delivery = Delivery(
        sid=_text(payload.get("sid")),
        search_name=_text(payload.get("search_name")),
        app=_text(payload.get("app")),
        owner=_text(payload.get("owner")),
        results_link=_text(payload.get("results_link")),
        settings=_settings_of(configuration),
        row=_row_number(payload, results_file),
        results_file=results_file,
        first_row=_row_of(payload.get("result")),
        server_uri=_text(payload.get("server_uri")) or "",
        kept_at=time.time(),
    )
    return Run(delivery, configuration, _text(payload.get("session_key")) or "")


def _text(value: Any) -> str | None:
    """A sid like 1760000400.1228 may come as a number, and an unsaved search has no name."""
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return str(value) or None
    return None


def _settings_of(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """What the alert's form says. Its values are checked by the receiver, which can tell people."""
    # A name may hold blanks: `rename src_ip AS "Source IP"`.
    names = [name.strip() for name in (_text(configuration.get("fields")) or "").split(",") if name.strip()]
    return {
        "fields": names[:MOST_FIELDS] or None,
        "severity": _word(configuration, "severity"),
        "mode": _word(configuration, "mode"),
        "note": ((_text(configuration.get("note")) or "").strip()[:MOST_NOTE_CHARACTERS]) or None,
    }


def _word(configuration: Mapping[str, Any], name: str) -> str | None:
    return (_text(configuration.get(name)) or "").strip().lower() or None


def _row_number(payload: Mapping[str, Any], results_file: str | None) -> int | None:
    """Newer versions give `result_id`; in all, the file of one row is `per_result_alert/tmp_<row>.csv.gz`."""
    parts = re.split(r"[\\/]", results_file or "")
    found = re.match(r"tmp_(\d{1,9})\.", parts[-1]) if "per_result_alert" in parts[-2:-1] else None
    if found is not None:
        return int(found.group(1))
    result_id = _text(payload.get("result_id"))
    return int(result_id) if result_id is not None and re.match(r"\d{1,9}\Z", result_id) else None


def _row_of(result: Any) -> Row | None:
    if not isinstance(result, dict):
        return None
    row: Row = {}
    for name, value in result.items():
        if name.startswith("__mv_"):
            continue
        if isinstance(value, list):
            row[name] = [one for one in map(_value_text, value) if one is not None]
        else:
            text = _value_text(value)
            if text is not None:
                row[name] = text
    return row or None


def _value_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)

