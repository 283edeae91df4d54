"""Opens a connection to an https or http address: proxy of the environment, verified TLS, one deadline for all of it."""

from __future__ import annotations

import base64
import http.client
import io
import socket
import ssl
import time
import urllib.parse
import urllib.request
from typing import Any, Callable

from portcullis.settings import is_loopback

CONNECT_SECONDS = 10.0

ContextFor = Callable[[socket.socket], ssl.SSLContext]
"""The TLS context for a connection that is open already."""


class Deadline:
    """A point in time, told as the seconds that are left."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left. @raises socket.timeout when none are."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise socket.timeout("timed out")
        return left


class DeadlineReader(io.RawIOBase):
    """Reads from a socket until a deadline. A socket's own time-out starts anew with each byte, so one that drips would never end."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        """True: http.client asks."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Reads what is there, at most the buffer's size."""
        self._sock.settimeout(self._deadline.left())
        return self._sock.recv_into(buffer)

    def makefile(self, *_mode: Any, **_how: Any) -> io.BufferedReader:
        """What http.client asks of a socket."""
        return io.BufferedReader(self)


def read_answer(sock: socket.socket, method: str, deadline: Deadline) -> http.client.HTTPResponse:
    """Status and headers of the answer; the body can then be read from it, and whoever has it closes it."""
    answer = http.client.HTTPResponse(DeadlineReader(sock, deadline), method=method)  # type: ignore[arg-type]
    try:
        answer.begin()
    except BaseException:
        answer.close()
        raise
    return answer


def open_connection(
    url: urllib.parse.SplitResult, context_for: ContextFor, deadline: Deadline, through_proxy: bool
) -> tuple[socket.socket, str]:
    """A connection over which a request to `url` can be sent, and the target to write in the request's first line.

    @raises OSError, ssl.SSLError, http.client.HTTPException
    """
    host = url.hostname or ""
    port = url.port or (443 if url.scheme == "https" else 80)
    path = urllib.parse.urlunsplit(("", "", url.path or "/", url.query, ""))
    proxy = proxy_for(url) if through_proxy else None
    if proxy is None:
        sock = _connect(host, port, deadline)
    else:
        sock = _connect(proxy.hostname or "", proxy.port or 3128, deadline)
    try:
        if url.scheme != "https":
            return sock, path if proxy is None else url.geturl()
        if proxy is not None:
            _tunnel(sock, proxy, "%s:%d" % ("[%s]" % host if ":" in host else host, port), deadline)
        sock.settimeout(deadline.left())
        return context_for(sock).wrap_socket(sock, server_hostname=host), path
    except BaseException:
        sock.close()
        raise


def proxy_headers(url: urllib.parse.SplitResult) -> dict[str, str]:
    """What a plain request through a proxy has to carry for it."""
    proxy = proxy_for(url)
    return _credentials(proxy) if proxy is not None and url.scheme == "http" else {}


def _connect(host: str, port: int, deadline: Deadline) -> socket.socket:
    return socket.create_connection((host, port), timeout=min(CONNECT_SECONDS, deadline.left()))


def proxy_for(url: urllib.parse.SplitResult) -> urllib.parse.SplitResult | None:
    """The proxy that the environment names for this address; None: it is reached directly, as this machine itself always is."""
    address = urllib.request.getproxies().get(url.scheme)
    host = url.hostname or ""
    if not address or is_loopback(host) or urllib.request.proxy_bypass(url.netloc.rpartition("@")[2]):
        return None
    try:
        proxy = urllib.parse.urlsplit(address if "://" in address else "//" + address)
        _ = proxy.port
    except ValueError:
        # Python's own words may hold the password.
        raise OSError("the proxy that the environment names is no address") from None
    return proxy


def _tunnel(sock: socket.socket, proxy: urllib.parse.SplitResult, target: str, deadline: Deadline) -> None:
    lines = ["CONNECT %s HTTP/1.1" % target, "Host: %s" % target]
    lines += ["%s: %s" % header for header in _credentials(proxy).items()]
    sock.settimeout(deadline.left())
    sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    with read_answer(sock, "CONNECT", deadline) as answer:
        if answer.status != 200:
            raise OSError("the proxy %s:%s answered %d" % (proxy.hostname, proxy.port, answer.status))


def _credentials(proxy: urllib.parse.SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    user = urllib.parse.unquote(proxy.username)
    password = urllib.parse.unquote(proxy.password or "")
    token = base64.b64encode(("%s:%s" % (user, password)).encode()).decode("ascii")
    return {"Proxy-Authorization": "Basic " + token}
