"""What the pages send is checked before anything is asked of anybody."""

from __future__ import annotations

import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../splunk-app/bin"))

from portcullis.refusal import Refusal  # noqa: E402
from portcullis.rest_request import read_rest_request  # noqa: E402
from portcullis.wanted import MOST_TEXT, actor_of, wanted_address, wanted_duration, wanted_reason  # noqa: E402


class Wanted(unittest.TestCase):
    def test_addresses_come_out_in_one_spelling(self) -> None:
        for text, address in (
            (" 203.0.113.7 ", "203.0.113.7"),
            ("2001:DB8:0:0::7", "2001:db8::7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
        ):
            with self.subTest(text):
                self.assertEqual(wanted_address({"ip": text}), address)

    def test_everything_else_is_no_address(self) -> None:
        for text in (
            "",
            "evil.example.net",
            "203.0.113.0/24",
            "203.0.113.7:443",
            "010.1.2.3",
            "1",
            "0x7f000001",
            "fe80::1%eth0",
            "../tokens",
            "203.0.113.7\r\nX-Evil: 1",
            "203.0.113.7\x00",
            "٢٠٣.0.113.7",
        ):
            with self.subTest(text):
                self.refused("ADDRESS_INVALID", lambda: wanted_address({"ip": text}))
        self.refused("ADDRESS_INVALID", lambda: wanted_address({}))

    def test_durations(self) -> None:
        for text in ("90s", "30m", " 24h ", "7d", "2w", "permanent"):
            with self.subTest(text):
                self.assertEqual(wanted_duration({"duration": text}), text.strip())
        for text in ("", "h", "1y", "1h; rm", "-1h", "1234567890h", "1h\n2h", "١h"):
            with self.subTest(text):
                self.refused("DURATION_INVALID", lambda: wanted_duration({"duration": text}))

    def test_reasons_are_one_line(self) -> None:
        for text in ("scans us", "Zürich 😀 <b>", "x" * MOST_TEXT, "😀" * (MOST_TEXT // 2)):
            with self.subTest(text):
                self.assertEqual(wanted_reason({"reason": " %s " % text}), text)
        for text in ("a\r\nb", "a\u2028b", "a\u202eb", "a\x1bb", "a\ud800b", "x" * (MOST_TEXT + 1), "😀" * (MOST_TEXT // 2 + 1)):
            with self.subTest(text):
                self.refused("REASON_INVALID", lambda: wanted_reason({"reason": text}))
        self.refused("REASON_MISSING", lambda: wanted_reason({"reason": "  "}))

    def test_a_splunk_user_becomes_a_name_that_the_record_takes(self) -> None:
        for user, actor in (
            ("alice", "Splunk user alice"),
            ("policy", "Splunk user policy"),
            ("a\r\nb\u202e", "Splunk user a??b?"),
            ("", "Splunk user without a name"),
            ("x" * 500, "Splunk user " + "x" * (MOST_TEXT - 12)),
        ):
            with self.subTest(user):
                self.assertEqual(actor_of(user), actor)

    def test_requests_that_are_none(self) -> None:
        for text in ("", "no JSON", '["a list"]', "7", "[" * 100_000, b"\xff\xfe"):
            with self.subTest(text[:20]):
                self.refused("REQUEST_UNREADABLE", lambda: read_rest_request(text))

    def test_requests_of_strange_shape_hold_nothing(self) -> None:
        request = read_rest_request('{"session": 7, "query": {"ip": "x"}, "form": [["a"], 7, ["ip", "y", "z"], ["ip", 7]], "server": null}')
        self.assertEqual((request.method, dict(request.query), dict(request.form)), ("GET", {}, {"ip": "7"}))
        self.assertEqual((request.user, request.session_key, request.system_key, request.server_uri), ("", "", "", ""))

    def refused(self, code: str, work) -> None:
        with self.assertRaises(Refusal) as caught:
            work()
        self.assertEqual((caught.exception.status, caught.exception.code), (400, code))
        self.assertNotEqual(caught.exception.advice, "")


if __name__ == "__main__":
    unittest.main()
