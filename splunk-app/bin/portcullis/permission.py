"""What a Splunk user may do with Portcullis."""

from __future__ import annotations

from portcullis.refusal import Refusal
from portcullis.splunkd import Splunkd

VIEW = "portcullis_view"
OPERATE = "portcullis_operate"

CONTEXT_PATH = "/services/authentication/current-context"


def capabilities_of(splunkd: Splunkd) -> frozenset[str]:
    """The capabilities of whom the session belongs to. @raises SplunkdError"""
    entries = splunkd.get_json(CONTEXT_PATH).get("entry")
    first = entries[0] if isinstance(entries, list) and entries else None
    content = first.get("content") if isinstance(first, dict) else None
    names = content.get("capabilities") if isinstance(content, dict) else None
    return frozenset(str(name) for name in names) if isinstance(names, list) else frozenset()


def require(has: frozenset[str], capability: str) -> None:
    """@raises Refusal when the capability is missing. Who may operate may also view."""
    if capability in has or (capability == VIEW and OPERATE in has):
        return
    raise Refusal(
        403,
        "NOT_PERMITTED",
        "Your Splunk roles don't have the capability %s." % capability,
        "An administrator of Splunk can add the capability to one of your roles"
        + (", or give you the role portcullis_operator." if capability == OPERATE else "."),
    )
