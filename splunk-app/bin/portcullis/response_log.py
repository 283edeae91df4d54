"""Tells Enterprise Security what became of an adaptive response, in the lines that the Common Information Model defines.

They become `sourcetype=modular_alerts:portcullis_block` in `_internal`, by this app's props.conf.
Source: Splunk_SA_CIM/lib/cim_actions.py, `ModularAction.message`.
"""

from __future__ import annotations

import os
import re
import socket
import time
from itertools import islice
from typing import Iterator

from portcullis.delivery import Delivery, Row
from portcullis.item import Item
from portcullis.log import visible

ACTION = "portcullis_block"
MOST_BYTES = 10 * 1024 * 1024
KEPT_FILES = 3
MOST_ROWS = 100
"""A line for each of the first rows, because each may be a notable event of its own; not for 50,000."""

SUCCESS = "success"
FAILURE = "failure"
PENDING = "pending"


class ResponseLog:
    """`portcullis_block_modalert.log` in Splunk's log folder. Nothing about it ever stops a delivery."""

    def __init__(self, log_folder: str) -> None:
        self._path = os.path.join(log_folder, ACTION + "_modalert.log")

    def tell(self, item: Item, status: str, signature: str) -> None:
        """One line per result. status: SUCCESS, FAILURE or PENDING; signature: the same in words."""
        try:
            lines = "".join(line + "\n" for line in lines_of(item.delivery, islice(item.rows(), MOST_ROWS), status, signature))
            self._make_room()
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                # In one piece: others write here too.
                os.write(descriptor, lines.encode("utf-8", "replace"))
            finally:
                os.close(descriptor)
        except OSError:
            pass

    def _make_room(self) -> None:
        try:
            if os.stat(self._path).st_size < MOST_BYTES:
                return
            for number in range(KEPT_FILES - 1, 0, -1):
                if os.path.exists("%s.%d" % (self._path, number)):
                    os.replace("%s.%d" % (self._path, number), "%s.%d" % (self._path, number + 1))
            os.replace(self._path, self._path + ".1")
        except FileNotFoundError:
            pass


def lines_of(delivery: Delivery, rows: Iterator[Row], status: str, signature: str) -> Iterator[str]:
    """The lines, without their ends; one for an alert without rows."""
    now = time.time()
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now)) + ",%03d+0000" % (now % 1 * 1000)
    level = "ERROR" if status == FAILURE else "INFO"
    sid, snapshot = _search_and_snapshot(delivery.sid or "")
    place = -1
    for place, row in enumerate(rows):
        told = _line_of(delivery, (sid, snapshot), (place, row), (status, signature))
        yield "%s %s sendmodaction - %s" % (stamp, level, told)
    if place < 0:
        yield "%s %s sendmodaction - %s" % (stamp, level, _line_of(delivery, (sid, snapshot), (0, {}), (status, signature)))


def _line_of(delivery: Delivery, search: tuple[str, str], result: tuple[int, Row], outcome: tuple[str, str]) -> str:
    place, row = result
    sid, snapshot = search
    status, signature = outcome
    rid = str(delivery.row) if delivery.row is not None else _field(row, "rid") or str(place)
    values = {
        "worker": socket.gethostname(),
        "signature": signature,
        "action_name": ACTION,
        "search_name": delivery.search_name,
        "sid": sid,
        "orig_sid": _field(row, "orig_sid"),
        "rid": "%s.%s" % (rid, snapshot) if snapshot else rid,
        "orig_rid": _field(row, "orig_rid"),
        "app": delivery.app,
        "user": delivery.owner,
        "digest_mode": "1" if delivery.row is None else "0",
        "action_mode": "saved" if "scheduler" in sid else "adhoc",
        "action_status": status,
    }
    return " ".join('%s="%s"' % (name, visible(value).replace('"', "'")) for name, value in values.items() if value)


def _search_and_snapshot(sid: str) -> tuple[str, str]:
    """A real-time sid ends with the number of the snapshot, and on a cluster with the member's GUID after it."""
    found = re.match(r"(rt_scheduler.*)\.(\d+)(_?.*)\Z", sid)
    return (found.group(1) + found.group(3), found.group(2)) if found is not None else (sid, "")


def _field(row: Row, name: str) -> str:
    value = row.get(name, "")
    return value if isinstance(value, str) else (value[0] if value else "")
