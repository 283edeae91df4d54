"""Cuts rows into bodies that the receiver takes."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Iterable, Iterator

from portcullis.delivery import Delivery, Row

MOST_FIELDS = 9000
"""In one row. The receiver takes 10,000."""
LEAST_BYTES = 32 * 1024
"""A server that takes less than this takes no alerts."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class Limits:
    """Of one body, before compression. row_bytes: of a row that has a body for itself because it is larger than `bytes`.

    The receiver takes 50,000 rows and 16 MiB. Smaller parts are answered sooner and cost it less memory.
    """

    rows: int = 5000
    bytes: int = 4 * 1024 * 1024
    row_bytes: int = 15 * 1024 * 1024

    def halved(self, chunk: Chunk) -> Limits | None:
        """The next limits when the receiver found this chunk too large; None: there is nothing left to halve."""
        half = len(chunk.body) // 2
        if chunk.end - chunk.first > 1:
            return Limits(self.rows, min(self.bytes, half), self.row_bytes)
        return Limits(self.rows, min(self.bytes, half), half) if 2 * half > LEAST_BYTES else None


@dataclass(frozen=True)
class Chunk:
    """Rows `first` to before `end` and the JSON body that carries them. shortened: how many of them were too large to go whole."""

    first: int
    end: int
    body: bytes
    shortened: int


def make_chunks(delivery: Delivery, rows: Iterable[Row], first: int, limits: Limits) -> Iterator[Chunk]:
    """Bodies with all `rows`, which begin with row number `first`; one without rows when an alert has none. Same rows and limits, same bytes."""
    head = _encode(delivery.head()).encode("utf-8", "replace")[:-1] + b',"results":['
    precious = frozenset(delivery.settings.get("fields") or ())
    texts: list[bytes] = []
    size = shortened = 0
    end = first
    for row in rows:
        text = _encode(row).encode("utf-8", "replace")
        is_whole = len(text) <= limits.row_bytes - len(head) and len(row) <= MOST_FIELDS
        if not is_whole:
            text = _encode(shorten(row, limits.row_bytes - len(head), precious)).encode("utf-8", "replace")
        if texts and (len(texts) >= limits.rows or size + len(text) + len(head) > limits.bytes):
            yield Chunk(first, end, head + b",".join(texts) + b"]}", shortened)
            first, texts, size, shortened = end, [], 0, 0
        texts.append(text)
        size += len(text) + 1
        end += 1
        shortened += not is_whole
    if texts or first == 0:
        yield Chunk(first, end, head + b",".join(texts) + b"]}", shortened)


def delivery_id(delivery: Delivery, chunk: Chunk) -> str:
    """What this chunk is called whenever it is sent: `<sid>.<first row>.<digest>`, visible ASCII, at most 256 characters.

    A run without a sid is told apart by its time; else the same rows would be taken for a repeat the next time they are found.
    """
    sid = re.sub(r"[^!-~]", "_", delivery.sid or "none")[:190]
    place = str(chunk.first) if delivery.row is None else "r%d.%d" % (delivery.row, chunk.first)
    digest = hashlib.sha256(chunk.body)
    if delivery.sid is None:
        digest.update(b"%.6f" % delivery.kept_at)
    return "%s.%s.%s" % (sid, place, digest.hexdigest()[:24])


def shorten(row: Row, most_bytes: int, precious: frozenset[str]) -> Row:
    """The row without what makes it too large: fields beyond the number that is taken, the empty ones first, then the ends of its longest
    values. What is `precious` goes last.
    """
    names = frozenset(sorted(row, key=lambda name: (name not in precious, not row[name]))[:MOST_FIELDS])
    short: Row = {name: value for name, value in row.items() if name in names}
    nothing: frozenset[str] = frozenset()
    for spared in (precious, nothing):
        most = max((_length(value) for value in short.values()), default=0)
        while most > 64 and len(_encode(short).encode("utf-8", "replace")) > most_bytes:
            most //= 2
            short = {name: value if name in spared else _cut(value, most) for name, value in short.items()}
    return short


def _length(value: str | list[str]) -> int:
    return len(value) if isinstance(value, str) else sum(len(one) + 3 for one in value)


def _cut(value: str | list[str], most: int) -> str | list[str]:
    if _length(value) <= most:
        return value
    if isinstance(value, str):
        return value[:most]
    kept: list[str] = []
    for one in value:
        most -= len(one) + 3
        if most < 0:
            break
        kept.append(one)
    return kept
