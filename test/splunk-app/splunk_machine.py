"""A Splunk machine as far as the action sees it: SPLUNK_HOME, dispatch folders, splunkd's REST, and starting the script as splunkd does."""

from __future__ import annotations

import atexit
import csv
import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import Any, Sequence

from fake_splunkd import FakeSplunkd
from real_receiver import ROOT

BIN = os.path.join(ROOT, "splunk-app", "bin")
SESSION_KEY = "session-key-that-nobody-may-see"


@dataclass(frozen=True)
class Ended:
    """How a script ended. log: its standard error."""

    code: int
    log: str


class SplunkMachine:
    """Everything in one temporary folder, until `remove`."""

    def __init__(self, splunkd: FakeSplunkd) -> None:
        self.home = tempfile.mkdtemp(prefix="portcullis-splunk-")
        self.splunkd = splunkd
        os.makedirs(os.path.join(self.home, "var/log/splunk"))
        os.makedirs(os.path.join(self.home, "var/run/splunk/dispatch"))
        self.seen = ""

    def remove(self) -> None:
        """Deletes it."""
        shutil.rmtree(self.home, ignore_errors=True)

    @property
    def spool(self) -> str:
        """Where deliveries are kept."""
        return os.path.join(self.home, "var/run/splunk/portcullis")

    def kept(self) -> list[str]:
        """Names of the items in the spool."""
        return sorted(name for name in os.listdir(self.spool) if name[0].isdigit()) if os.path.isdir(self.spool) else []

    def write_results(self, sid: str, packed: bytes, name: str = "results.csv.gz") -> str:
        """Puts a results file where Splunk does."""
        path = os.path.join(self.home, "var/run/splunk/dispatch", sid, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(packed)
        return path

    def payload(self, sid: Any, results_file: str | None, **changes: Any) -> dict[str, Any]:
        """What splunkd writes to the action's standard input. A change to None leaves the key null."""
        return {
            "app": "search",
            "owner": "admin",
            "results_file": results_file,
            "results_link": "https://splunk.example.net:8000/app/search/@go?sid=%s" % sid,
            "search_uri": "/servicesNS/admin/search/saved/searches/SSH",
            "server_host": "splunk01",
            "server_uri": self.splunkd.url,
            "session_key": SESSION_KEY,
            "sid": sid,
            "search_name": "SSH brute force",
            "configuration": {"url": "http://127.0.0.1:1", "allow_http": "0"},
            "result": None,
            **changes,
        }

    def start(self, payload: Any, **env: str) -> subprocess.Popen[bytes]:
        """Starts the action with a payload on its standard input, and does not wait."""
        process = self._start("portcullis_block.py", ["--execute"], env)
        assert process.stdin is not None
        process.stdin.write(payload if isinstance(payload, bytes) else json.dumps(payload).encode())
        process.stdin.close()
        process.stdin = None
        return process

    def run(self, payload: Any, **env: str) -> Ended:
        """Runs the action to its end."""
        return self.end(self.start(payload, **env))

    def resend(self, **env: str) -> Ended:
        """Runs the scripted input once."""
        process = self._start("portcullis_resend.py", [], env)
        assert process.stdin is not None
        process.stdin.write(SESSION_KEY.encode() + b"\n")
        process.stdin.close()
        process.stdin = None
        return self.end(process)

    def end(self, process: subprocess.Popen[bytes]) -> Ended:
        """Waits for a script; what it printed is searched for secrets at the end."""
        out, err = process.communicate(timeout=120)
        log = err.decode("utf-8", "replace")
        self.seen += log + out.decode("utf-8", "replace")
        assert out == b"", "nothing may be printed: it would be indexed"
        return Ended(process.returncode, log)

    def everything(self) -> str:
        """All that was printed and all that was written under SPLUNK_HOME, packed files unpacked."""
        texts = [self.seen]
        for folder, _, names in os.walk(self.home):
            if "dispatch" in folder:
                continue
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    texts.append(file.read().decode("latin-1"))
        return "\n".join(texts)

    def response_log(self) -> str:
        """What Enterprise Security reads."""
        path = os.path.join(self.home, "var/log/splunk/portcullis_block_modalert.log")
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8") as file:
            return file.read()

    def _start(self, script: str, args: Sequence[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
        own = {"SPLUNK_HOME": self.home, "PATH": os.environ.get("PATH", ""), "PYTHONPYCACHEPREFIX": PYCACHE, **env}
        return subprocess.Popen(
            [sys.executable, os.path.join(BIN, script), *args],
            env=own,
            cwd=self.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )


PYCACHE = tempfile.mkdtemp(prefix="portcullis-pycache-")
atexit.register(shutil.rmtree, PYCACHE, True)


def results_csv(rows: Sequence[dict[str, Any]]) -> bytes:
    """Rows as Splunk writes them to results.csv.gz: each field, and its `__mv_` column beside it."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column for name in names for column in (name, "__mv_" + name)])
    for row in rows:
        writer.writerow([cell for name in names for cell in _cells(row.get(name, ""))])
    return gzip.compress(text.getvalue().encode("utf-8", "surrogatepass"), 1)


def _cells(value: Any) -> tuple[str, str]:
    if isinstance(value, str):
        return value, ""
    return "\n".join(value), ";".join("$%s$" % one.replace("$", "$$") for one in value)
