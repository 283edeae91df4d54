"""One HTTP request and its answer. Never follows a redirect, never skips verification, always ends in time."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import urllib.parse
from dataclasses import dataclass
from typing import Mapping

from portcullis.connection import ContextFor, Deadline, open_connection, proxy_headers, read_answer
from portcullis.errors import ActionError

MOST_ANSWER_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """What the other side said. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def exchange(
    method: str, url: str, body: bytes | None, headers: Mapping[str, str], ca_file: str | None, timeout: float
) -> Answer:
    """Sends one request through the environment's proxy and returns the answer, whatever its status is.

    ca_file: PEM file; only its certificates are trusted. None: those that Python's OpenSSL trusts.
    timeout: seconds for all of it.
    @raises ActionError in every other case, with a sentence for people; `retryable` when another try may work.
    """
    context = verifying_context(ca_file) if url.lower().startswith("https:") else None
    return send_request(method, url, body, headers, lambda _: context or verifying_context(None), timeout)


def send_request(
    method: str,
    url: str,
    body: bytes | None,
    headers: Mapping[str, str],
    context_for: ContextFor,
    timeout: float,
    *,
    through_proxy: bool = True,
) -> Answer:
    """As `exchange`, with a TLS context that is chosen when the connection is open.

    @raises ActionError
    """
    parts = urllib.parse.urlsplit(url)
    where = "%s://%s" % (parts.scheme, parts.netloc.rpartition("@")[2])
    try:
        deadline = Deadline(timeout)
        sock, target = open_connection(parts, context_for, deadline, through_proxy)
        with sock:
            own = proxy_headers(parts) if through_proxy else {}
            return _talk(sock, method, (parts, target), body, {**headers, **own}, deadline)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _in_words(error, where, timeout) from error


def verifying_context(ca_file: str | None) -> ssl.SSLContext:
    """TLS 1.2 or later, certificate and host name verified. @raises ActionError when the CA file is of no use."""
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it holds no certificate"
        if isinstance(error, ssl.SSLError):
            reason = "it holds no certificate in PEM form"
        raise ActionError("The CA file %s can't be used: %s. Correct it on the app's setup page." % (ca_file, reason)) from error
    at_least_tls_1_2(context)
    # Python 3.13 alone refuses private CAs that lack an extension; an upgrade of Splunk must not stop alerts. Chain, dates and name are verified all the same.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= getattr(ssl, "VERIFY_X509_PARTIAL_CHAIN", 0)
    return context


def at_least_tls_1_2(context: ssl.SSLContext) -> None:
    """Refuses older TLS. Python with OpenSSL 1.0.2, which older Splunk has, knows no minimum version: there, setting one would do nothing."""
    if hasattr(type(context), "minimum_version"):
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    else:
        context.options |= ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1


def _talk(
    sock: socket.socket,
    method: str,
    address: tuple[urllib.parse.SplitResult, str],
    body: bytes | None,
    headers: Mapping[str, str],
    deadline: Deadline,
) -> Answer:
    parts, target = address
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.sock = sock
    sock.settimeout(deadline.left())
    unsent: OSError | None = None
    try:
        own = {"Host": parts.netloc.rpartition("@")[2], "Connection": "close"}
        connection.request(method, target, body=body, headers={**own, **headers})
    except (BrokenPipeError, ConnectionResetError) as error:
        # A server that refuses a body says why before it closes.
        unsent = error
    try:
        with read_answer(sock, method, deadline) as answer:
            content = answer.read(MOST_ANSWER_BYTES)
            if answer.length:
                raise http.client.IncompleteRead(content, answer.length)
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)
    except (OSError, http.client.HTTPException):
        if unsent is not None:
            raise unsent from None
        raise


_certificate_reasons = (
    ("expired", "its certificate has expired. Renew it"),
    ("not yet valid", "its certificate is not valid yet. Compare the clocks"),
    ("mismatch", "its certificate is for another name. Use the name that is in the certificate"),
    ("not valid for", "its certificate is for another name. Use the name that is in the certificate"),
    ("doesn't match", "its certificate is for another name. Use the name that is in the certificate"),
    ("self", "its certificate is signed by an unknown CA. Name the CA's file on the app's setup page"),
    ("unable to get", "its certificate is signed by an unknown CA. Name the CA's file on the app's setup page"),
)


def _in_words(error: Exception, where: str, timeout: float) -> ActionError:
    """The sentence and the kind for what a socket, TLS or http.client has thrown."""
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = str(error.verify_message or error)
        words = next((text for part, text in _certificate_reasons if part in reason), "its certificate is not trusted: " + reason)
        return ActionError("%s was not sent anything, because %s." % (where, words))
    if isinstance(error, socket.timeout):
        return ActionError("%s did not answer within %.0f seconds." % (where, timeout), retryable=True)
    if isinstance(error, socket.gaierror):
        return ActionError("The name in %s can't be resolved: %s." % (where, error.strerror), retryable=True)
    if isinstance(error, ssl.SSLError) and not isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return ActionError("%s does not speak TLS as needed: %s." % (where, error.reason or "TLS failed"))
    if isinstance(error, (http.client.IncompleteRead, http.client.RemoteDisconnected, ssl.SSLError)):
        return ActionError("%s closed the connection before its answer was whole." % where, retryable=True)
    if isinstance(error, http.client.HTTPException):
        return ActionError("%s answered something that is not HTTP." % where, retryable=True)
    if isinstance(error, OSError):
        reason = os.strerror(error.errno) if error.errno else str(error)
        return ActionError("%s can't be reached: %s." % (where, reason), retryable=True)
    return ActionError("%s can't be used as an address: %s." % (where, error))
