"""What all tests of the app share: one receiver and one splunkd for all of them, and a new Splunk machine and proxy for each."""

from __future__ import annotations

import atexit
import os
import unittest
from typing import Any, Sequence

from fake_splunkd import FakeSplunkd
from fault_proxy import FaultProxy
from real_receiver import SIGNING_SECRET, RealReceiver
from splunk_machine import SESSION_KEY, Ended, SplunkMachine, results_csv

_started: dict[str, Any] = {}


def receiver() -> RealReceiver:
    """The one receiver of this test run."""
    if "receiver" not in _started:
        _started["receiver"] = RealReceiver()
        atexit.register(_started["receiver"].stop)
    return _started["receiver"]


def splunkd() -> FakeSplunkd:
    """The one splunkd of this test run."""
    if "splunkd" not in _started:
        _started["splunkd"] = FakeSplunkd()
        atexit.register(_started["splunkd"].stop)
    return _started["splunkd"]


class ActionTest(unittest.TestCase):
    """A machine with the app, and a way to the receiver that a test can disturb. At the end it looks for secrets in all that was written."""

    _numbers = iter(range(1, 100000))

    def setUp(self) -> None:
        self.receiver = receiver()
        self.splunkd = splunkd()
        self.splunkd.reset()
        self.machine = SplunkMachine(self.splunkd)
        self.addCleanup(self.machine.remove)
        self.proxy = FaultProxy(self.receiver.url)
        self.addCleanup(self.proxy.stop)
        self.use(self.proxy.url)
        # Of one length, so that no test gets another's by adding to its own.
        self.sid = "scheduler__admin__search__RMD5a1b2c3d4e5f60718_at_17600%05d_%04d" % (os.getpid() % 100000, next(self._numbers))

    def tearDown(self) -> None:
        everything = self.machine.everything()
        for secret in (SESSION_KEY, SIGNING_SECRET, SIGNING_SECRET[len("whsec_") :]):
            self.assertNotIn(secret, everything, "a secret was written")

    def use(self, url: str, **settings: str) -> None:
        """What people enter on the setup page."""
        self.settings = {"url": url, "allow_http": "0", **settings}
        self.splunkd.params = self.settings

    def payload(self, rows: Sequence[dict[str, Any]], name: str = "results.csv.gz", **changes: Any) -> dict[str, Any]:
        """A trigger whose rows are in its dispatch folder."""
        path = self.machine.write_results(self.sid, results_csv(rows), name)
        return self.machine.payload(self.sid, path, **{"configuration": self.settings, **changes})

    def run_action(self, rows: Sequence[dict[str, Any]], **changes: Any) -> Ended:
        """Runs the action for these rows."""
        return self.machine.run(self.payload(rows, **changes))

    def assert_arrived_once(self, rows: Sequence[dict[str, Any]]) -> None:
        """The receiver has exactly these rows, in their order."""
        wanted = [{name: [value] if isinstance(value, str) else value for name, value in row.items()} for row in rows]
        self.assertEqual(self.receiver.rows(self.sid), wanted)

    def assert_ended(self, ended: Ended, code: int, *parts: str) -> None:
        """Exit code, and what the log must say."""
        self.assertEqual(ended.code, code, ended.log)
        for part in parts:
            self.assertIn(part, ended.log)
        for line in ended.log.splitlines():
            self.assertRegex(line, r"^(INFO|WARN|ERROR) ", "a line without a level of Splunk's")


def some_rows(count: int) -> list[dict[str, Any]]:
    """Rows as an alert about SSH has them, all different, of few addresses: the receiver works on each of those for a while."""
    return [
        {"src_ip": "198.51.100.%d" % (n % 100 + 1), "count": str(n), "user": ["root", "admin"], "_time": "1760000399.125"}
        for n in range(count)
    ]
