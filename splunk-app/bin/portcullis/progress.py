"""How far a delivery has come."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, List, Optional

from portcullis.chunks import Chunk, Limits
from portcullis.receiver import Accepted

MOST_NAMED_ALERTS = 3


@dataclass(frozen=True)
class Progress:
    """rows: how many are done with; refused: how many of them the receiver could not read. pending_end, pending_id: the part that was sent last and perhaps not accepted ends before that row and has
    that id; it goes out again with the same rows and id, whatever version of the app sends it. limits: see `Limits`.
    """

    rows: int = 0
    addresses: int = 0
    deliveries: int = 0
    refused: int = 0
    alerts: List[str] = field(default_factory=list)
    pending_end: Optional[int] = None
    pending_id: Optional[str] = None
    limits: Limits = field(default_factory=Limits)
    attempts: int = 0

    def sending(self, chunk: Chunk, chunk_id: str) -> Progress:
        """Before a chunk goes out."""
        return replace(self, pending_end=chunk.end, pending_id=chunk_id)

    def accepted(self, chunk: Chunk, answer: Accepted) -> Progress:
        """After it was accepted."""
        return replace(
            self,
            rows=chunk.end,
            addresses=self.addresses + answer.addresses,
            deliveries=self.deliveries + 1,
            alerts=[*self.alerts, answer.alert_id][:MOST_NAMED_ALERTS],
            pending_end=None,
            pending_id=None,
        )

    def refusing(self, chunk: Chunk) -> Progress:
        """After the receiver could not read it: what follows may be well."""
        refused = self.refused + chunk.end - chunk.first
        return replace(self, rows=chunk.end, refused=refused, pending_end=None, pending_id=None)

    def smaller(self, limits: Limits) -> Progress:
        """After it was too large: other parts from here on."""
        return replace(self, limits=limits, pending_end=None, pending_id=None)

    def failed(self) -> Progress:
        """After a run that could not finish it."""
        return replace(self, attempts=self.attempts + 1)

    def to_json(self) -> bytes:
        """The form in which it is kept on disk."""
        return json.dumps(asdict(self)).encode("ascii")


def progress_from(kept: bytes) -> Progress:
    """The progress that `to_json` has written. @raises ValueError, TypeError when it is something else"""
    parsed: Any = json.loads(kept.decode("ascii"))
    return Progress(**{**parsed, "limits": Limits(**parsed["limits"])})
