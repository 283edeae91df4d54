"""splunkd's REST interface as far as the app uses it, with a certificate that nobody signed."""

from __future__ import annotations

import json
import os
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable

from real_receiver import ROOT, SIGNING_SECRET

TLS = os.path.join(ROOT, "test", "fixtures", "tls")


class FakeSplunkd:
    """Answers until `stop`. secret: what is stored, None when nothing is; may_read: for the session's user; params: of the setup page."""

    def __init__(self) -> None:
        self.secret: str | None = SIGNING_SECRET
        self.may_read = True
        self.params: dict[str, str] = {}
        self.asked: list[str] = []
        self.on_ask: Callable[[], None] | None = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                if outer.on_ask is not None:
                    outer.on_ask()
                status, body = outer.answer(self.path, self.headers.get("Authorization", ""))
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(TLS, "localhost.crt"), os.path.join(TLS, "localhost.key"))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.url = "https://127.0.0.1:%d" % self._server.server_address[1]

    def reset(self) -> None:
        """As at the beginning."""
        self.secret, self.may_read, self.params = SIGNING_SECRET, True, {}
        self.on_ask = None
        self.asked.clear()

    def reset_secret(self) -> None:
        """Somebody enters the right one."""
        self.secret = SIGNING_SECRET

    def allow(self) -> None:
        """The next session belongs to somebody who may read it."""
        self.may_read = True

    def stop(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, authorization: str) -> tuple[int, Any]:
        """Status and body for one GET."""
        if not authorization.startswith("Splunk session-key"):
            return 401, _message("call not properly authenticated")
        if path == "/servicesNS/nobody/portcullis/storage/passwords/portcullis%3Asigning_secret%3A?output_mode=json":
            return self._password()
        if path == "/servicesNS/nobody/portcullis/configs/conf-alert_actions/portcullis_block?output_mode=json":
            return 200, {"entry": [{"content": {"param." + name: value for name, value in self.params.items()}}]}
        return 404, _message("Not Found")

    def _password(self) -> tuple[int, Any]:
        if not self.may_read:
            return 403, _message("You (user=alice) do not have permission to perform this operation (requires capability: list_storage_passwords).")
        if self.secret is None:
            return 404, _message("Could not find object id=portcullis:signing_secret:")
        return 200, {"entry": [{"name": "portcullis:signing_secret:", "content": {"clear_password": self.secret}}]}


def _message(text: str) -> Any:
    return {"messages": [{"type": "ERROR", "text": text}]}
