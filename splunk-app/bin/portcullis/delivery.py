"""What one run of the action has to deliver, apart from its rows."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Dict, List, Optional, Union

Row = Dict[str, Union[str, List[str]]]
"""Field to its text, or to its texts when it has several values."""


@dataclass(frozen=True)
class Delivery:
    """One trigger of one alert.

    row: number of the row when Splunk runs the action for each result, else None.
    results_file: where Splunk keeps the rows; None when it names no file.
    first_row: what Splunk gave beside the file; all that is left when the file can't be read.
    server_uri: where splunkd answers on this machine.
    kept_at: seconds since 1970.
    """

    sid: Optional[str]
    search_name: Optional[str]
    app: Optional[str]
    owner: Optional[str]
    results_link: Optional[str]
    settings: Dict[str, Any]
    row: Optional[int]
    results_file: Optional[str]
    first_row: Optional[Row]
    server_uri: str
    kept_at: float

    def to_json(self) -> bytes:
        """The form in which it is kept on disk."""
        return json.dumps(asdict(self)).encode("ascii")

    def head(self) -> dict[str, Any]:
        """The members of the body that are the same in each part."""
        head: dict[str, Any] = {
            "sid": self.sid,
            "search_name": self.search_name,
            "app": self.app,
            "owner": self.owner,
            "results_link": self.results_link,
        }
        if any(value is not None for value in self.settings.values()):
            head["settings"] = self.settings
        return head


def delivery_from(kept: bytes) -> Delivery:
    """The delivery that `to_json` has written. @raises ValueError when it is something else"""
    parsed = json.loads(kept.decode("ascii"))
    names = [field.name for field in fields(Delivery)]
    if not isinstance(parsed, dict) or any(name not in parsed for name in names):
        raise ValueError("not a delivery")
    return Delivery(**{name: parsed[name] for name in names})
