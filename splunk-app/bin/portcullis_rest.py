"""What the app's pages call: `portcullis/test` and `portcullis/address`. Splunkd keeps this process and calls `handle` per request."""

from __future__ import annotations

import os
import sys
from typing import Any, Mapping

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from splunk.persistconn.application import PersistentServerConnectionApplication  # noqa: E402

from portcullis.errors import ActionError  # noqa: E402
from portcullis.permission import OPERATE, VIEW, capabilities_of, require  # noqa: E402
from portcullis.receiver_api import NEW_TOKEN, ReceiverApi  # noqa: E402
from portcullis.refusal import Refusal  # noqa: E402
from portcullis.respond import respond  # noqa: E402
from portcullis.rest_request import RestRequest  # noqa: E402
from portcullis.secret import API_TOKEN, SIGNING_SECRET, read_secret  # noqa: E402
from portcullis.send_test import send_test  # noqa: E402
from portcullis.settings import read_settings  # noqa: E402
from portcullis.splunkd import Splunkd, SplunkdError  # noqa: E402
from portcullis.wanted import actor_of, wanted_address, wanted_duration, wanted_reason  # noqa: E402


class TestHandler(PersistentServerConnectionApplication):  # type: ignore[misc]
    """POST: sends a signed test delivery with what is saved."""

    def __init__(self, _command_line: Any, _command_arg: Any) -> None:
        super().__init__()

    def handle(self, in_string: str | bytes) -> dict[str, Any]:
        """Answers one request."""
        return respond(in_string, {"POST": _test})


class AddressHandler(PersistentServerConnectionApplication):  # type: ignore[misc]
    """GET: looks an address up. POST: blocks it. DELETE: lifts its block."""

    def __init__(self, _command_line: Any, _command_arg: Any) -> None:
        super().__init__()

    def handle(self, in_string: str | bytes) -> dict[str, Any]:
        """Answers one request."""
        return respond(in_string, {"GET": _look_up, "POST": _block, "DELETE": _unblock})


def _test(request: RestRequest) -> Mapping[str, Any]:
    require(capabilities_of(_as_user(request)), OPERATE)
    own = _as_system(request)
    return send_test(read_settings(own), read_secret(own, SIGNING_SECRET), request.user)


def _look_up(request: RestRequest) -> Mapping[str, Any]:
    has = capabilities_of(_as_user(request))
    require(has, VIEW)
    ip = wanted_address(request.query)
    return {"address": _api(request).look_up(ip), "mayOperate": OPERATE in has}


def _block(request: RestRequest) -> Mapping[str, Any]:
    require(capabilities_of(_as_user(request)), OPERATE)
    ip, duration, reason = wanted_address(request.form), wanted_duration(request.form), wanted_reason(request.form)
    return _api(request).block(ip, duration, reason, actor_of(request.user))


def _unblock(request: RestRequest) -> Mapping[str, Any]:
    require(capabilities_of(_as_user(request)), OPERATE)
    ip, reason = wanted_address(request.query), wanted_reason(request.query)
    return _api(request).unblock(ip, reason, actor_of(request.user))


def _api(request: RestRequest) -> ReceiverApi:
    own = _as_system(request)
    settings = read_settings(own)
    try:
        token = read_secret(own, API_TOKEN)
    except SplunkdError:
        raise
    except ActionError as error:
        raise Refusal(502, "TOKEN_NOT_SET", "No API token of Portcullis is stored in Splunk.", NEW_TOKEN) from error
    return ReceiverApi(settings, token)


def _as_user(request: RestRequest) -> Splunkd:
    return Splunkd(request.server_uri, request.session_key)


def _as_system(request: RestRequest) -> Splunkd:
    # The token is for everybody with the capability, and only administrators may read stored secrets.
    return Splunkd(request.server_uri, request.system_key)
