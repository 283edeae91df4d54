"""Stands between the action and the receiver, and does to each request what a test says."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import select
import socket
import ssl
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable

from real_receiver import ROOT

TLS = os.path.join(ROOT, "test", "fixtures", "tls")


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    path: str
    headers: Any
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def id(self) -> str:
        """Its webhook-id."""
        return str(self.headers.get("webhook-id"))

    @property
    def json(self) -> Any:
        """Its body, unpacked."""
        return json.loads(gzip.decompress(self.body))


@dataclass(frozen=True)
class Answer:
    """Answers this instead of the receiver."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"


@dataclass(frozen=True)
class CutBody:
    """Reads a part of the request and closes."""


@dataclass(frozen=True)
class CutAnswer:
    """Lets the receiver take it, and closes in the middle of its answer."""


@dataclass(frozen=True)
class Garbage:
    """Answers something that is not HTTP."""


@dataclass(frozen=True)
class Before:
    """Calls a function before the receiver gets it, which then does not."""

    call: Callable[[], None]


@dataclass(frozen=True)
class After:
    """Calls a function after the receiver took it, and before its answer goes back."""

    call: Callable[[], None]


class Hold:
    """Holds a request until `go` is set. reached: it is there."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.go = threading.Event()


class FaultProxy:
    """Listens until `stop`. faults: one for each request to come; without one it goes to the receiver. None in it: that one goes through."""

    def __init__(self, target: str, certificate: str | None = None, host: str = "127.0.0.1") -> None:
        self.target = target
        self.faults: list[Any] = []
        self.seen: list[Seen] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer((host, 0), _handler_of(self))
        self._server.daemon_threads = True
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(os.path.join(TLS, certificate), os.path.join(TLS, "localhost.key"))
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
            scheme = "https"
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.port = self._server.server_address[1]
        self.url = "%s://%s:%d" % (scheme, host, self.port)

    def stop(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()

    def next_fault(self, request: Seen) -> Any:
        """What is to happen with this request."""
        with self._lock:
            self.seen.append(request)
            return self.faults.pop(0) if self.faults else None

    def is_cut(self) -> bool:
        """True when the body of the next request is not to be read."""
        with self._lock:
            if self.faults and isinstance(self.faults[0], CutBody):
                self.faults.pop(0)
                return True
            return False

    def forward(self, request: Seen) -> tuple[int, dict[str, str], bytes]:
        """What the receiver answers."""
        target = urllib.parse.urlsplit(self.target)
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=60)
        try:
            names = ("webhook-id", "webhook-timestamp", "webhook-signature", "content-type", "content-encoding")
            headers = {name: request.headers[name] for name in names if request.headers.get(name)}
            connection.request("POST", request.path, request.body, headers)
            answer = connection.getresponse()
            return answer.status, {"Content-Type": answer.headers.get("Content-Type", "")}, answer.read()
        finally:
            connection.close()


def _handler_of(proxy: FaultProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.close_connection = True
            length = int(self.headers.get("Content-Length", "0"))
            if proxy.is_cut():
                self.rfile.read(min(length, 100))
                self._close()
                return
            request = Seen(self.path, self.headers, self.rfile.read(length))
            self._answer(request, proxy.next_fault(request))

        def do_GET(self) -> None:
            proxy.next_fault(Seen("GET " + self.path, self.headers, b""))
            self._write(200, {}, b"{}")

        def do_CONNECT(self) -> None:
            """A tunnel, wherever it is said to lead: to the port that is named, on this machine."""
            self.close_connection = True
            fault = proxy.next_fault(Seen("CONNECT " + self.path, self.headers, b""))
            if isinstance(fault, Answer):
                self._write(fault.status, fault.headers, fault.body)
                return
            with socket.create_connection(("127.0.0.1", int(self.path.rpartition(":")[2]))) as target:
                self.send_response(200)
                self.end_headers()
                ends = {self.connection: target, target: self.connection}
                while True:
                    for one in select.select(list(ends), [], [], 60)[0]:
                        data = one.recv(65536)
                        if not data:
                            return
                        ends[one].sendall(data)

        def _answer(self, request: Seen, fault: Any) -> None:
            if isinstance(fault, Answer):
                self._write(fault.status, fault.headers, fault.body)
            elif isinstance(fault, Garbage):
                self.wfile.write(b"\x00\x01 this is no HTTP\r\n\r\n")
            elif isinstance(fault, CutAnswer):
                status, headers, body = proxy.forward(request)
                self._write(status, headers, body, len(body) // 2)
            elif isinstance(fault, Before):
                fault.call()
            else:
                if isinstance(fault, Hold):
                    fault.reached.set()
                    fault.go.wait(60)
                status, headers, body = proxy.forward(request)
                if isinstance(fault, After):
                    fault.call()
                self._write(status, headers, body)

        def _write(self, status: int, headers: dict[str, str], body: bytes, sent: int | None = None) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[:sent])

        def _close(self) -> None:
            # With unread bytes left, this resets the connection.
            self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
