"""Reads a secret of this app from Splunk's password storage."""

from __future__ import annotations

import urllib.parse

from portcullis.errors import ActionError
from portcullis.splunkd import Splunkd, SplunkdError

SIGNING_SECRET = "signing_secret"
API_TOKEN = "api_token"

PASSWORDS_PATH = "/servicesNS/nobody/portcullis/storage/passwords"
REALM = "portcullis"

_words = {SIGNING_SECRET: "signing secret", API_TOKEN: "API token"}


class SecretForbidden(ActionError):
    """The session's user may not read secrets; somebody else may."""


def secret_path(name: str) -> str:
    """The quoted path of a secret's entry, `portcullis:<name>:`."""
    return "%s/%s" % (PASSWORDS_PATH, urllib.parse.quote("%s:%s:" % (REALM, name), safe=""))


def read_secret(splunkd: Splunkd, name: str) -> str:
    """The secret in clear. name: SIGNING_SECRET or API_TOKEN.

    @raises SecretForbidden when this user may not read it
    @raises ActionError when it was never entered, or splunkd does not answer
    """
    what = _words.get(name, name)
    try:
        answer = splunkd.get_json(secret_path(name))
    except SplunkdError as error:
        if error.status == 404:
            raise _not_set_up(what) from error
        if error.status == 403:
            raise _forbidden(what) from error
        raise
    entries = answer.get("entry")
    if not isinstance(entries, list) or len(entries) == 0:
        raise _not_set_up(what)
    content = entries[0].get("content") if isinstance(entries[0], dict) else None
    secret = content.get("clear_password") if isinstance(content, dict) else None
    if not isinstance(secret, str):
        raise _forbidden(what)
    if secret.strip() == "":
        raise _not_set_up(what)
    return secret.strip()


def _not_set_up(what: str) -> ActionError:
    return ActionError("The %s is not set up, or hidden from this user. Enter it on the app's setup page." % what)


def _forbidden(what: str) -> SecretForbidden:
    return SecretForbidden(
        "This user may not read the %s. Grant the alert's owner the capability list_storage_passwords, "
        "or let a user who has it own the alert." % what
    )
