"""Asks splunkd on behalf of whoever the session key belongs to."""

from __future__ import annotations

import json
import socket
import ssl
import urllib.parse
from typing import Any

from portcullis.errors import ActionError
from portcullis.exchange import Answer, at_least_tls_1_2, send_request, verifying_context

ASK_SECONDS = 30.0


class SplunkdError(ActionError):
    """splunkd did not do what was asked. status: of its answer, or None when there was none."""

    def __init__(self, message: str, *, status: int | None = None, retryable: bool = False) -> None:
        super().__init__(message, retryable=retryable)
        self.status = status


class Splunkd:
    """splunkd's REST interface with one session key. The key goes into a header and nowhere else."""

    def __init__(self, server_uri: str, session_key: str) -> None:
        self._server_uri = server_uri.rstrip("/")
        self._session_key = session_key

    def get_json(self, path: str, **params: str) -> dict[str, Any]:
        """The JSON object at `path`, which is quoted already. @raises SplunkdError"""
        query = urllib.parse.urlencode({**params, "output_mode": "json"})
        return _object_of(self._ask("GET", "%s?%s" % (path, query), None), path)

    def post_form(self, path: str, **fields: str) -> dict[str, Any]:
        """Posts a form to `path`, which is quoted already. @raises SplunkdError"""
        body = urllib.parse.urlencode(fields).encode("ascii")
        return _object_of(self._ask("POST", path + "?output_mode=json", body), path)

    def _ask(self, method: str, target: str, body: bytes | None) -> Answer:
        if self._server_uri == "" or self._session_key == "":
            raise SplunkdError("Splunk gave this script no session key or no address of splunkd, so it can't ask for settings and secrets.")
        headers = {"Authorization": "Splunk " + self._session_key}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            return send_request(
                method, self._server_uri + target, body, headers, _context_for, ASK_SECONDS, through_proxy=False
            )
        except ActionError as error:
            raise SplunkdError("splunkd: %s" % error, retryable=error.retryable) from error


def _context_for(sock: socket.socket) -> ssl.SSLContext:
    """splunkd's certificate is self-signed unless somebody changed it. Whoever talks to the machine's own address stays in its kernel, so only then
    the certificate proves nothing that would be needed; another machine's is verified."""
    if sock.getpeername()[0] != sock.getsockname()[0]:
        return verifying_context(None)
    # Without the system's certificates: to read them takes longer than all the rest of the question.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    at_least_tls_1_2(context)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _object_of(answer: Answer, path: str) -> dict[str, Any]:
    if answer.status >= 300 or answer.status < 200:
        raise SplunkdError(
            "splunkd answered %d for %s%s." % (answer.status, path, _message_of(answer.body)),
            status=answer.status,
            retryable=answer.status == 429 or answer.status >= 500,
        )
    parsed = _parse(answer.body)
    if not isinstance(parsed, dict):
        raise SplunkdError("splunkd's answer for %s is not JSON." % path, status=answer.status)
    return parsed


def _message_of(body: bytes) -> str:
    parsed = _parse(body)
    messages = parsed.get("messages") if isinstance(parsed, dict) else None
    first = messages[0] if isinstance(messages, list) and messages else None
    text = first.get("text") if isinstance(first, dict) else None
    return ": " + text[:300] if isinstance(text, str) else ""


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
