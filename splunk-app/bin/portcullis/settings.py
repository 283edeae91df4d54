"""Where the receiver is and how to reach it: what people enter on the setup page."""

from __future__ import annotations

import ipaddress
import os
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Mapping

from portcullis.errors import ActionError

if TYPE_CHECKING:
    from portcullis.splunkd import Splunkd

STANZA_PATH = "/servicesNS/nobody/portcullis/configs/conf-alert_actions/portcullis_block"
HOOK_PATH = "/webhooks/splunk"


@dataclass(frozen=True)
class Settings:
    """url: base URL of the receiver, without a slash at its end; ca_file: PEM file, or None; allow_http: also to other machines."""

    url: str
    ca_file: str | None
    allow_http: bool


def settings_of(configuration: Mapping[str, Any]) -> Settings:
    """The settings in `configuration` of an action's payload, where every value is a text. @raises ActionError"""
    allow_http = _text(configuration, "allow_http").lower() in ("1", "true", "yes")
    url = check_url(_text(configuration, "url"), allow_http)
    return Settings(url, _ca_file(_text(configuration, "ca_file")), allow_http)


def read_settings(splunkd: Splunkd) -> Settings:
    """The settings of the setup page, asked of splunkd. @raises ActionError"""
    answer = splunkd.get_json(STANZA_PATH)
    entries = answer.get("entry") or [{}]
    content = entries[0].get("content") or {}
    return settings_of({key[len("param.") :]: value for key, value in content.items() if key.startswith("param.")})


def check_url(text: str, allow_http: bool) -> str:
    """The base URL of the receiver, as it is used: without `/webhooks/splunk` and slashes at its end.

    @raises ActionError which says what is wrong with it
    """
    if text == "":
        raise ActionError("The URL of the receiver is not set. Enter it on the app's setup page.")
    wrong = _fault_of(text, allow_http)
    if wrong is not None:
        raise ActionError("The URL of the receiver can't be used: %s. Correct it on the app's setup page." % wrong)
    base = text.rstrip("/")
    return base[: -len(HOOK_PATH)].rstrip("/") if base.endswith(HOOK_PATH) else base


def _fault_of(text: str, allow_http: bool) -> str | None:
    if not text.isascii() or any(not "!" <= character <= "~" for character in text):
        return "it holds blanks or characters that a URL can't have"
    try:
        parts = urllib.parse.urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "it is not well-formed"
    if parts.scheme not in ("https", "http") or not host:
        return "it must look like https://portcullis.example.net"
    if "@" in parts.netloc:
        return "it must not hold a user or a password"
    if "?" in text or "#" in text:
        return "it must end with its path, without ? or #"
    if parts.scheme == "http" and not allow_http and not is_loopback(host):
        return "it must begin with https://, because rows would go over the network unencrypted"
    return None


def is_loopback(host: str) -> bool:
    """True for a host that is this machine by its name or address alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _text(configuration: Mapping[str, Any], name: str) -> str:
    value = configuration.get(name)
    return "" if value is None else str(value).strip()


def _ca_file(text: str) -> str | None:
    if text == "":
        return None
    path = text.replace("$SPLUNK_HOME", os.environ.get("SPLUNK_HOME", "$SPLUNK_HOME"))
    if not os.path.isabs(path):
        raise ActionError(
            "The CA file must be named by its whole path, or begin with $SPLUNK_HOME. Correct it on the app's setup page."
        )
    return path
