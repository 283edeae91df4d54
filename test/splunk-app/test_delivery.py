"""What splunkd gives the action reaches the receiver, whole and once."""

from __future__ import annotations

import json
import unittest

from real_receiver import SIGNING_SECRET
from splunk_machine import results_csv
from world import ActionTest, some_rows

from portcullis.sign import signature


class Delivery(ActionTest):
    def test_all_rows_arrive_in_parts_with_what_the_alert_says(self) -> None:
        rows = some_rows(11_000)
        settings = {**self.settings, "fields": "src_ip, dest_ip", "severity": "High", "mode": "approve", "note": "Call Zoë first"}

        ended = self.run_action(rows, configuration=settings)

        self.assert_ended(ended, 0, "INFO accepted rows=11000 addresses=300 deliveries=3 alerts=al_", 'search="SSH brute force"', "sid=" + self.sid)
        self.assert_arrived_once(rows)
        self.assertEqual(self.machine.kept(), [])
        first = self.proxy.seen[0]
        self.assertEqual([len(seen.json["results"]) for seen in self.proxy.seen], [5000, 5000, 1000])
        self.assertEqual({**first.json, "results": []}, {
            "sid": self.sid, "search_name": "SSH brute force", "app": "search", "owner": "admin",
            "results_link": "https://splunk.example.net:8000/app/search/@go?sid=" + self.sid, "results": [],
            "settings": {"fields": ["src_ip", "dest_ip"], "severity": "high", "mode": "approve", "note": "Call Zoë first"},
        })
        for alert in self.receiver.alerts(self.sid):
            self.assertEqual(alert["settings"], first.json["settings"])
            self.assertIsNone(alert["extras"])
        self.assertRegex(first.headers["User-Agent"], r"^Portcullis-Splunk-App/\d+\.\d+\.\d+$")
        self.assertEqual(first.headers["Content-Encoding"], "gzip")
        self.assertRegex(first.id, r"^%s\.0\.[0-9a-f]+$" % self.sid)

    def test_the_same_run_again_is_a_repeat(self) -> None:
        rows = some_rows(3)
        self.run_action(rows)

        self.assert_ended(self.run_action(rows), 0, "accepted rows=3")

        self.assert_arrived_once(rows)
        self.assertEqual(self.proxy.seen[0].body, self.proxy.seen[1].body, "the same bytes")

    def test_values_of_every_kind(self) -> None:
        row = {
            "__proto__": "polluted", "constructor": "x", "values(src_ip)": ["198.51.100.7", "cost $5", "$", "a;b"], "tag::host": "",
            'quote"\'<b>': "v", "line\nbreak": "two\nlines\r\nthree", "rtl\u202e": "\u202egnp.exe", "nul": "a\0b", "zürich": "jürgen 🙂",
            "comma,": "a,b", "_raw": "Failed \"password\"\tfor\x1b[31m root " + "x" * 300_000,
        }

        self.assert_ended(self.run_action([row]), 0, "rows=1")

        self.assert_arrived_once([{**row, "nul": "a\ufffdb"}])

    def test_without_rows_an_alert_is_still_an_alert(self) -> None:
        path = self.machine.write_results(self.sid, results_csv([]))

        for file in (path, None):
            self.assert_ended(self.machine.run(self.machine.payload(self.sid, file, configuration=self.settings)), 0, "rows=0")

        self.assertEqual([seen.json["results"] for seen in self.proxy.seen], [[], []])
        self.assertEqual(len(self.receiver.alerts(self.sid)), 1)

    def test_what_splunk_leaves_out_or_gives_as_a_number(self) -> None:
        payload = {**self.payload(some_rows(2)), "sid": 1760000400.1228, "search_name": None, "app": None, "owner": "", "results_link": None}

        self.assert_ended(self.machine.run(payload), 0, "sid=1760000400.1228")

        body = self.proxy.seen[0].json
        self.assertEqual([body[name] for name in ("sid", "search_name", "app", "owner", "results_link")], ["1760000400.1228", None, None, None, None])
        self.assertNotIn("settings", body)

    def test_without_a_sid_the_same_rows_are_another_alert_the_next_time(self) -> None:
        payload = {**self.payload(some_rows(1)), "sid": None}

        self.machine.run(payload)
        self.machine.run(payload)

        ids = [seen.id for seen in self.proxy.seen]
        self.assertEqual(len(set(ids)), 2, ids)

    def test_each_result_alone_has_an_id_of_its_own(self) -> None:
        row = some_rows(1)
        for number in (0, 1, 7):
            ended = self.run_action(row, name="per_result_alert/tmp_%d.csv.gz" % number, result_id=str(number))
            self.assert_ended(ended, 0)

        self.assertEqual([seen.id.split(".")[1] for seen in self.proxy.seen], ["r0", "r1", "r7"])
        self.assert_arrived_once(row * 3)
        self.assertIn('rid="7"', self.machine.response_log())
        self.assertIn('digest_mode="0"', self.machine.response_log())

    def test_real_time_and_sendalert(self) -> None:
        self.sid = "rt_scheduler__admin__search__RMD5a_at_1760000400_9.12_9C1B0C5E-1D1F-4B7F-9D0B-0123456789AB"
        self.assert_ended(self.run_action(some_rows(2)), 0)
        self.assertIn('sid="rt_scheduler__admin__search__RMD5a_at_1760000400_9_9C1B0C5E-1D1F-4B7F-9D0B-0123456789AB"', self.machine.response_log())
        self.assertIn('rid="1.12"', self.machine.response_log())
        self.assert_arrived_once(some_rows(2))

        self.sid = "1760000499.77"
        self.assert_ended(self.run_action(some_rows(2), name="sendalert_temp_results.csv.gz", search_name=""), 0)
        self.assertIn('action_mode="adhoc"', self.machine.response_log())
        self.assert_arrived_once(some_rows(2))

    def test_a_sid_that_no_header_can_carry(self) -> None:
        self.sid = "ad hoc\r\nX-Evil: 1 \u202e" + "é" * 400

        path = self.machine.write_results("x", results_csv(some_rows(1)))
        ended = self.machine.run(self.machine.payload(self.sid, path, configuration=self.settings))

        self.assert_ended(ended, 0)
        self.assertRegex(self.proxy.seen[0].id, r"^[!-~]{1,256}$")
        self.assertIsNone(self.proxy.seen[0].headers.get("X-Evil"))
        self.assert_arrived_once(some_rows(1))

    def test_a_name_that_would_begin_a_line_of_the_log(self) -> None:
        ended = self.run_action(some_rows(1), search_name='x"\nERROR forged\u202e sid=1')

        self.assert_ended(ended, 0, r'''search="x'\nERROR forged\u202e sid=1"''')
        self.assertEqual(len(ended.log.splitlines()), 1)
        self.assertEqual(len(self.machine.response_log().splitlines()), 1)

    def test_only_the_first_row_is_there_when_the_file_is_not(self) -> None:
        payload = self.machine.payload(self.sid, None, configuration=self.settings, result={"src_ip": ["198.51.100.1"], "count": 5, "x": None, "__mv_x": ""})

        self.assert_ended(self.machine.run(payload), 0, "WARN Splunk named no results file: only the first row is there")

        self.assertEqual(self.receiver.rows(self.sid), [{"src_ip": ["198.51.100.1"], "count": ["5"]}])

    def test_a_file_that_is_gone(self) -> None:
        payload = self.machine.payload(self.sid, "/nowhere/results.csv.gz", configuration=self.settings, result={"src_ip": "198.51.100.1"})

        self.assert_ended(self.machine.run(payload), 4, "ERROR the results file can't be read (No such file or directory): only the first row is sent")

        self.assertEqual(self.receiver.rows(self.sid), [{"src_ip": ["198.51.100.1"]}])
        self.assertEqual(self.machine.kept(), [])

    def test_a_file_that_ends_too_early(self) -> None:
        rows = some_rows(3000)
        packed = results_csv(rows)
        path = self.machine.write_results(self.sid, packed[: len(packed) // 2])

        ended = self.machine.run(self.machine.payload(self.sid, path, configuration=self.settings))

        self.assert_ended(ended, 4, "ERROR the results file ends too early: only the rows before its end are sent")
        arrived = self.receiver.rows(self.sid)
        self.assertGreater(len(arrived), 500)
        self.assert_arrived_once(rows[: len(arrived)])

    def test_of_a_file_that_ends_before_its_first_row_the_row_beside_it_is_sent(self) -> None:
        for packed in (b"", results_csv(some_rows(1))[:20]):
            with self.subTest(packed):
                self.sid += "x"
                path = self.machine.write_results(self.sid, packed)
                payload = self.machine.payload(self.sid, path, configuration=self.settings, result={"src_ip": "198.51.100.1"})
                self.assert_ended(self.machine.run(payload), 4, "ERROR the results file ends too early")
                self.assertEqual(self.receiver.rows(self.sid), [{"src_ip": ["198.51.100.1"]}])

    def test_a_file_that_is_corrupt_could_name_a_wrong_address(self) -> None:
        packed = bytearray(results_csv(some_rows(3000)))
        packed[len(packed) // 2] ^= 0xFF
        path = self.machine.write_results(self.sid, bytes(packed))

        ended = self.machine.run(self.machine.payload(self.sid, path, configuration=self.settings, result={"src_ip": "198.51.100.1"}))

        self.assert_ended(ended, 4, "ERROR the results file is corrupt")
        self.assertEqual(self.receiver.rows(self.sid), [{"src_ip": ["198.51.100.1"]}])

    def test_it_signs_the_packed_bytes(self) -> None:
        self.run_action(some_rows(1))

        seen = self.proxy.seen[0]
        at = int(seen.headers["webhook-timestamp"])
        self.assertEqual(seen.headers["webhook-signature"], signature(SIGNING_SECRET, seen.id, at, seen.body))


class Invocation(ActionTest):
    def test_without_execute(self) -> None:
        ended = self.machine.end(self.machine._start("portcullis_block.py", [], {}))
        self.assert_ended(ended, 1, "ERROR Splunk starts this script with --execute")

    def test_what_is_no_payload(self) -> None:
        self.assert_ended(self.machine.run(b"<alert/>"), 1, "ERROR Standard input holds no JSON object")

    def test_settings_that_people_have_to_mend(self) -> None:
        for settings, words in (
            ({}, "The URL of the receiver is not set. Enter it on the app's setup page"),
            ({"url": "https://portcullis.example.net", "ca_file": "/nowhere/ca.pem"}, "The CA file /nowhere/ca.pem can't be used: No such file"),
        ):
            with self.subTest(settings):
                ended = self.run_action(some_rows(1), configuration=settings)
                self.assert_ended(ended, 3, "ERROR not accepted, kept and sent again within a minute", words)

    def test_a_url_with_the_path_of_the_hook(self) -> None:
        self.use(self.proxy.url + "/webhooks/splunk/")
        self.assert_ended(self.run_action(some_rows(1)), 0)
        self.assertEqual(self.proxy.seen[0].path, "/webhooks/splunk")


class AdaptiveResponse(ActionTest):
    def test_each_notable_event_gets_its_line(self) -> None:
        rows = [{"src_ip": "198.51.100.1", "orig_sid": "s1", "orig_rid": "3"}, {"src_ip": "198.51.100.2", "orig_sid": "s2", "orig_rid": "4"}]

        self.run_action(rows)

        lines = self.machine.response_log().splitlines()
        self.assertEqual(len(lines), 2)
        self.assertRegex(lines[1], (
            r'^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\+0000 INFO sendmodaction - worker="[^"]+" signature="Portcullis accepted 2 rows with 2 addresses\." '
            r'action_name="portcullis_block" search_name="SSH brute force" sid="%s" orig_sid="s2" rid="1" orig_rid="4" app="search" user="admin" '
            r'digest_mode="1" action_mode="saved" action_status="success"$'
        ) % self.sid)

    def test_a_log_that_can_not_be_written_stops_nothing(self) -> None:
        ended = self.machine.run(self.payload(some_rows(1)), SPLUNK_HOME=self.machine.home + "/nowhere")
        self.assert_ended(ended, 0, "accepted rows=1")


if __name__ == "__main__":
    unittest.main()
