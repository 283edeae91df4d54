"""Which version of the app this is."""

from __future__ import annotations

import configparser
import os


def app_version() -> str:
    """As `default/app.conf` says it."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    conf = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        conf.read(os.path.join(root, "default", "app.conf"), encoding="utf-8")
    except (configparser.Error, OSError, ValueError):
        return "unknown"
    return conf.get("id", "version", fallback="unknown")
