"""Checks what a page sends before it goes anywhere."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from typing import Mapping

from portcullis.refusal import Refusal

MOST_TEXT = 200
"""Of a reason or a name, in UTF-16 code units, as the receiver counts them."""

_not_in_a_line = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


def wanted_address(fields: Mapping[str, str]) -> str:
    """The IP address in `ip`, in its canonical spelling. @raises Refusal"""
    text = fields.get("ip", "").strip()
    try:
        if "%" in text:
            raise ValueError("a zone means nothing on another machine")
        address = ipaddress.ip_address(text)
    except ValueError:
        raise _refuse("ADDRESS_INVALID", "This is not one IP address.", "Give a single IPv4 or IPv6 address, without port, length or zone.") from None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def wanted_duration(fields: Mapping[str, str]) -> str:
    """`duration`: how long a block is to stand. @raises Refusal"""
    text = fields.get("duration", "").strip()
    if re.fullmatch(r"[0-9]{1,9}[smhdw]|permanent", text) is None:
        raise _refuse("DURATION_INVALID", "The duration can't be used.", "Give a duration such as 30m, 24h, 7d or permanent.")
    return text


def wanted_reason(fields: Mapping[str, str]) -> str:
    """`reason`: one line of text. @raises Refusal"""
    text = fields.get("reason", "").strip()
    if text == "":
        raise _refuse("REASON_MISSING", "The reason is missing.", "Say why, so that others understand it later.")
    if _units(text) > MOST_TEXT or any(unicodedata.category(one) in _not_in_a_line for one in text):
        raise _refuse(
            "REASON_INVALID", "The reason can't be used.", "Write one line of at most %d characters, none of them a control character." % MOST_TEXT
        )
    return text


def actor_of(user: str) -> str:
    """How Portcullis's record names a Splunk user."""
    line = "".join("?" if unicodedata.category(one) in _not_in_a_line else one for one in user).strip()
    while _units(line) > MOST_TEXT - len("Splunk user "):
        line = line[:-1]
    return "Splunk user " + (line or "without a name")


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _refuse(code: str, message: str, advice: str) -> Refusal:
    return Refusal(400, code, message, advice)
