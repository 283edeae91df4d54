"""Where things are on a Splunk machine."""

from __future__ import annotations

import os


def splunk_home() -> str:
    """Splunk's folder: as its environment says, else the one that this app is installed in."""
    here = os.path.dirname(os.path.abspath(__file__))
    return os.environ.get("SPLUNK_HOME") or os.path.normpath(os.path.join(here, *[os.pardir] * 5))


def spool_folder() -> str:
    """Where deliveries wait. Each search head has its own."""
    return os.path.join(splunk_home(), "var", "run", "splunk", "portcullis")


def log_folder() -> str:
    """Where Splunk reads its own logs."""
    return os.path.join(splunk_home(), "var", "log", "splunk")
