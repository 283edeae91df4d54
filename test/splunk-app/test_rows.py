"""Reading results, cutting them into parts, and the limits of the spool, without a receiver."""

from __future__ import annotations

import ast
import email.utils
import gzip
import io
import json
import os
import shutil
import socket
import sys
import tempfile
import time
import unittest
import urllib.parse
from typing import Any, List
from unittest import mock

from real_receiver import ROOT
from splunk_machine import results_csv

from portcullis import lock
from portcullis.chunks import Limits, delivery_id, make_chunks
from portcullis.connection import Deadline, DeadlineReader, proxy_for
from portcullis.deliver import deliver
from portcullis.delivery import Delivery, delivery_from
from portcullis.errors import ActionError
from portcullis.exchange import Answer, exchange
from portcullis.item import Item
from portcullis.log import Log
from portcullis.patience import Patience
from portcullis.payload import read_payload
from portcullis.progress import Progress, progress_from
from portcullis.receiver import Accepted, NotAccepted, Refused, TooLarge, judge, retry_after_of
from portcullis.response_log import ResponseLog
from portcullis.rows import ResultsCut, decode_multivalue, read_rows
from portcullis.settings import check_url, settings_of
from portcullis.sign import signature
from portcullis.spool import Spool, SpoolFull
from portcullis.standing import Standing


class InAFolder(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="portcullis-rows-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.lines = io.StringIO()
        self.log = Log(self.lines)

    def write(self, content: bytes, name: str = "results.csv.gz") -> str:
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def delivery(self, **changes: Any) -> Delivery:
        usual = {
            "sid": "1760000400.1", "search_name": "s", "app": None, "owner": None, "results_link": None, "settings": {}, "row": None,
            "results_file": None, "first_row": None, "server_uri": "", "kept_at": 1760000400.5,
        }
        return Delivery(**{**usual, **changes})


class Rows(InAFolder):
    def read(self, packed: bytes) -> List[Any]:
        self.bad = 0

        def on_bad_row() -> None:
            self.bad += 1

        return list(read_rows(self.write(packed), on_bad_row))

    def test_multivalue_cells(self) -> None:
        for cell, values in (
            ("$198.51.100.7$;$cost $$5$", ["198.51.100.7", "cost $5"]),
            ("$a$", ["a"]),
            ("$$", [""]),
            ("$$$$", ["$"]),
            ("$a;b$;$$;$c$", ["a;b", "", "c"]),
            ("$two\nlines$", ["two\nlines"]),
            ("plain", None),
            ("$open", None),
            ("$a$ $b$", None),
        ):
            self.assertEqual(decode_multivalue(cell), values, cell)

    def test_a_multivalue_cell_that_is_long_takes_no_long_time(self) -> None:
        begun = time.monotonic()
        self.assertIsNone(decode_multivalue("$a$;" * 200_000 + "$" + "$$" * 200_000 + "x"))
        self.assertLess(time.monotonic() - begun, 5)

    def test_several_members_and_a_mark_of_windows(self) -> None:
        packed = gzip.compress("\ufeffsrc_ip,__mv_src_ip\r\n198.51.100.1,\r\n".encode()) + gzip.compress(b"198.51.100.2,\r\n")
        self.assertEqual([row["src_ip"] for row in self.read(packed)], ["198.51.100.1", "198.51.100.2"])

    def test_only_a_header_or_nothing_at_all(self) -> None:
        self.assertEqual(self.read(gzip.compress(b"a,__mv_a\n")), [])
        self.assertEqual(self.read(gzip.compress(b"")), [])

    def test_a_row_is_never_half(self) -> None:
        packed = gzip.compress(b'src_ip,note\n198.51.100.1,"two\nlines"\n198.51.100.45,x\n')
        for end in range(20, len(packed)):
            rows = []
            with self.assertRaises(ResultsCut):
                for row in read_rows(self.write(packed[:end]), self.fail):
                    rows.append(row)
            for row in rows:
                self.assertIn(row, [{"src_ip": "198.51.100.1", "note": "two\nlines"}, {"src_ip": "198.51.100.45", "note": "x"}])

    def test_a_row_that_is_no_csv_is_left_out(self) -> None:
        rows = self.read(gzip.compress(b"a,b\n1,2\n3\r4,5\n6,7\n"))
        self.assertEqual((rows, self.bad), ([{"a": "1", "b": "2"}, {"a": "6", "b": "7"}], 1))

    def test_rows_shorter_and_longer_than_the_header(self) -> None:
        self.assertEqual(self.read(gzip.compress(b"a,b\n1\n1,2,3\n\n")), [{"a": "1", "b": ""}, {"a": "1", "b": "2"}])


class Chunks(InAFolder):
    def chunks(self, rows: List[Any], limits: Limits, **changes: Any) -> List[Any]:
        return list(make_chunks(self.delivery(**changes), iter(rows), 0, limits))

    def test_parts_keep_to_both_limits(self) -> None:
        rows = [{"n": str(n), "text": "x" * (n % 900)} for n in range(3000)]
        chunks = self.chunks(rows, Limits(rows=500, bytes=50_000))

        self.assertEqual([row for chunk in chunks for row in json.loads(chunk.body)["results"]], rows)
        for chunk in chunks:
            self.assertLessEqual(len(chunk.body), 50_000)
            self.assertLessEqual(chunk.end - chunk.first, 500)

    def test_a_row_too_large_goes_alone_and_loses_its_longest_values_first(self) -> None:
        addresses = ["198.51.100.%d" % n for n in range(200)]
        rows = [{"n": "0"}, {"src_ip": addresses, "_raw": "é" * 50_000, "user": "root"}, {"n": "2"}]
        chunks = self.chunks(rows, Limits(rows=10, bytes=1000, row_bytes=20_000), settings={"fields": ["src_ip"]})

        self.assertEqual([(chunk.end - chunk.first, chunk.shortened) for chunk in chunks], [(1, 0), (1, 1), (1, 0)])
        self.assertLess(len(chunks[1].body), 20_000)
        row = json.loads(chunks[1].body)["results"][0]
        self.assertEqual((row["src_ip"], row["user"]), (addresses, "root"))

    def test_more_fields_than_the_receiver_takes(self) -> None:
        row = {**{"f%d" % n: "" for n in range(12_000)}, "src_ip": "198.51.100.1"}
        (chunk,) = self.chunks([row], Limits(), settings={"fields": ["src_ip"]})
        kept = json.loads(chunk.body)["results"][0]
        self.assertEqual((len(kept), kept["src_ip"], chunk.shortened), (9000, "198.51.100.1", 1))

    def test_of_too_many_fields_the_empty_ones_go_first(self) -> None:
        row = {**{"f%d" % n: "" for n in range(12_000)}, "src_ip": "198.51.100.1", "user": ["root"], "dest": []}
        (chunk,) = self.chunks([row], Limits())
        kept = json.loads(chunk.body)["results"][0]
        self.assertEqual((len(kept), kept.get("src_ip"), kept.get("user")), (9000, "198.51.100.1", ["root"]))

    def test_one_huge_row_does_not_send_the_others_one_by_one(self) -> None:
        rows = [{"a": "x" * 400_000}, *({"n": str(n)} for n in range(100))]
        limits = Limits()
        (first, *others) = self.chunks(rows, Limits(bytes=100_000))
        self.assertEqual((first.end, len(others)), (1, 1))
        smaller = limits.halved(first)
        assert smaller is not None
        self.assertEqual([chunk.end for chunk in self.chunks(rows, smaller)], [101], "the huge one is shortened")

    def test_whatever_is_halved_comes_to_an_end(self) -> None:
        rows = [{"a": "x" * 50_000}, {"a": "y" * 300_000}, *({"n": "z" * 5000} for _ in range(50))]
        limits: Any = Limits()
        for _ in range(100):
            (chunk, *_) = self.chunks(rows, limits)
            limits = limits.halved(chunk)
            if limits is None:
                break
        self.assertIsNone(limits)
        self.assertLessEqual(len(chunk.body), 32 * 1024)

    def test_ids_tell_parts_and_deliveries_apart(self) -> None:
        limits = Limits(rows=1)
        same = [delivery_id(self.delivery(), chunk) for chunk in self.chunks([{"a": "1"}, {"a": "1"}], limits)]
        other = [delivery_id(self.delivery(search_name="t"), chunk) for chunk in self.chunks([{"a": "1"}], limits, search_name="t")]
        self.assertEqual(len({*same, *other}), 3)
        self.assertEqual(same, [delivery_id(self.delivery(kept_at=1.0), chunk) for chunk in self.chunks([{"a": "1"}, {"a": "1"}], limits)])

    def test_half_a_surrogate_of_a_broken_event(self) -> None:
        (chunk,) = self.chunks([{"a": "\ud800x"}], Limits())
        self.assertEqual(json.loads(chunk.body)["results"], [{"a": "?x"}])


class Parts(InAFolder):
    """What is done with each part, with a receiver that answers as the test says."""

    def deliver(self, item: Item, *answers: Any) -> int:
        receiver = mock.Mock()
        receiver.post.side_effect = answers
        try:
            deliver(item, receiver, Patience(60, 0), self.log)
        finally:
            self.posts = receiver.post.call_count
        return self.posts

    def test_an_alert_without_rows_that_is_refused_is_not_called_accepted(self) -> None:
        with self.assertRaisesRegex(Refused, "can't read the alert"):
            self.deliver(Item(self.delivery(), Progress(), self.log), Refused("answered 400"))

    def test_an_alert_without_rows_is_not_sent_again_once_it_was_accepted(self) -> None:
        item = Item(self.delivery(), Progress(), self.log)
        self.assertEqual(self.deliver(item, Accepted("al_1", False, 0)), 1)
        again = Item(self.delivery(), progress_from(item.progress.to_json()), self.log)
        self.assertEqual(self.deliver(again), 0)


class Bounds(InAFolder):
    def spool(self, **limits: int) -> Spool:
        return Spool(os.path.join(self.folder, "spool"), self.log, **limits)

    def test_no_more_deliveries_than_may_be(self) -> None:
        spool = self.spool(most_items=2)
        spool.keep(self.delivery())
        spool.keep(self.delivery())
        with self.assertRaisesRegex(SpoolFull, "2 deliveries wait already"):
            spool.keep(self.delivery())

    def test_no_more_bytes_than_may_be(self) -> None:
        path = self.write(b"x" * 600_000)
        spool = self.spool(most_bytes=1024 * 1024)
        spool.keep(self.delivery(results_file=path))
        with self.assertRaisesRegex(SpoolFull, "take 1 MiB already"):
            spool.keep(self.delivery(results_file=path))
        spool.keep(self.delivery())

    def test_no_more_refused_ones_than_may_be(self) -> None:
        spool = self.spool(most_refused=2)
        for second in range(4):
            spool.put_aside(spool.keep(self.delivery(kept_at=float(second))))
        aside = os.listdir(os.path.join(spool.root, "refused"))
        self.assertEqual(sorted(name[:13] for name in aside), ["0000000002000", "0000000003000"])
        self.assertEqual(self.lines.getvalue().count("WARN a delivery that was put aside is deleted to make room"), 2)

    def test_what_a_killed_run_had_only_begun_goes_after_an_hour(self) -> None:
        spool = self.spool()
        for name, age in (("0000000000001-a", 3700), ("0000000000002-b", 10)):
            os.makedirs(os.path.join(spool.root, name))
            open(os.path.join(spool.root, name, "lock"), "wb").close()
            os.utime(os.path.join(spool.root, name), (time.time() - age,) * 2)
        self.assertEqual([spool.claim(name) for name in spool.names()], [None, None])
        self.assertEqual(spool.names(), ["0000000000002-b"])

    def test_a_clock_that_is_set_back_stops_nothing(self) -> None:
        standing = Standing(self.folder)
        with mock.patch("portcullis.standing.time.time", return_value=time.time() + 7200):
            standing.failed(120.0)
            self.assertGreater(standing.seconds_to_wait(), 100)
        self.assertEqual((standing.seconds_to_wait(), standing.failed_lately()), (0.0, False))

    def test_what_the_input_looks_into_while_it_is_made_is_still_held(self) -> None:
        spool = self.spool()
        made = os.mkdir
        lookers: List[Any] = []

        def make_and_be_looked_into(path: str, *rest: Any) -> None:
            made(path, *rest)
            if not lookers and os.path.basename(path)[0].isdigit():
                lookers.append(lock.try_lock(os.path.join(path, "lock")))

        with mock.patch("portcullis.spool.os.mkdir", make_and_be_looked_into):
            item = spool.keep(self.delivery())
        lookers[0].release()
        self.assertEqual([spool.claim(name) for name in spool.names()], [None, None])
        item.release()
        self.assertEqual(len([name for name in spool.names() if spool.claim(name) is not None]), 1)

    def test_what_can_not_be_deleted_stops_nothing(self) -> None:
        spool = self.spool()
        item = spool.keep(self.delivery())
        with mock.patch("portcullis.spool.os.unlink", side_effect=OSError(30, "Read-only file system")):
            spool.remove(item)
        self.assertIn("WARN what is done with can't be deleted: Read-only file system", self.lines.getvalue())

    def test_a_full_disk_does_not_keep_what_waits_from_being_sent(self) -> None:
        path = self.write(results_csv([{"a": "1"}]))
        spool = self.spool()
        spool.keep(self.delivery(results_file=path)).release()
        (name,) = spool.names()
        os.unlink(os.path.join(spool.root, name, "results.csv.gz"))
        with mock.patch("portcullis.spool.copy_whole", side_effect=OSError(28, "No space left on device")):
            item = spool.claim(name)
        assert item is not None
        self.assertEqual(list(item.rows()), [{"a": "1"}])

    def test_folders_that_can_not_be_synced(self) -> None:
        sync = os.fsync

        def some_systems(descriptor: int) -> None:
            if os.path.isdir("/proc/self/fd/%d" % descriptor):
                raise OSError(22, "Invalid argument")
            sync(descriptor)

        with mock.patch("portcullis.durable.os.fsync", some_systems):
            self.spool().keep(self.delivery()).release()

    def test_one_holder_at_a_time(self) -> None:
        spool = self.spool()
        item = spool.keep(self.delivery())
        self.assertIsNone(spool.claim(spool.names()[0]))
        item.release()
        again = spool.claim(spool.names()[0])
        self.assertEqual(again.delivery if again else None, self.delivery())

    def test_progress_that_can_not_be_written_is_told_once(self) -> None:
        item = Item(self.delivery(), Progress(), self.log, folder=os.path.join(self.folder, "gone"))
        item.save(Progress(rows=1))
        item.save(Progress(rows=2))
        self.assertEqual(self.lines.getvalue().count("WARN progress can't be written down"), 1)
        self.assertEqual(item.progress.rows, 2)

    def test_a_kept_delivery_is_read_as_it_was_written(self) -> None:
        delivery = self.delivery(first_row={"a": ["1", "\ud800"]}, settings={"note": "é"})
        self.assertEqual(delivery_from(delivery.to_json()), delivery)
        for wrong in (b"[]", b"{}", b"\xff"):
            with self.assertRaises(ValueError):
                delivery_from(wrong)

    def test_the_response_log_is_rotated(self) -> None:
        responses = ResponseLog(self.folder)
        for size in (0, 11 * 1024 * 1024, 11 * 1024 * 1024):
            path = os.path.join(self.folder, "portcullis_block_modalert.log")
            if size > 0:
                os.truncate(path, size)
            responses.tell(Item(self.delivery(), Progress(), self.log), "success", "done")
            self.assertLess(os.stat(path).st_size, 1000)
        self.assertEqual(len([name for name in os.listdir(self.folder) if ".log" in name]), 3)

    def test_windows_locks_by_its_own_means(self) -> None:
        calls: List[Any] = []

        class Windows:
            LK_NBLCK = 2

            @staticmethod
            def locking(descriptor: int, how: int, size: int) -> None:
                calls.append((how, size))
                if len(calls) > 1:
                    raise PermissionError(13, "Permission denied")

        with mock.patch.dict(sys.modules, {"fcntl": None, "msvcrt": Windows}):
            held = lock.try_lock(os.path.join(self.folder, "lock"))
            self.assertIsNone(lock.try_lock(os.path.join(self.folder, "lock")))
        self.assertEqual(calls, [(2, 1), (2, 1)])
        assert held is not None
        held.release()


class Words(unittest.TestCase):
    def test_urls(self) -> None:
        for given, used in (
            ("https://a.example/", "https://a.example"),
            ("https://a.example/p/webhooks/splunk", "https://a.example/p"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ):
            self.assertEqual(check_url(given, False), used)
        self.assertEqual(check_url("http://a.example", True), "http://a.example")
        for wrong, words in (
            ("", "is not set"),
            ("a.example", "it must look like https://"),
            ("file:///etc/passwd", "it must look like https://"),
            ("https://", "it must look like https://"),
            ("http://a.example", "it must begin with https://"),
            ("http://localhost.evil.example", "it must begin with https://"),
            ("https://a:99999", "it is not well-formed"),
            ("https://[::1", "it is not well-formed"),
            ("https://u:p@a", "it must not hold a user or a password"),
            ("https://a/?token=x", "it must end with its path"),
            ("https://a/\r\nX: y", "it holds blanks"),
            ("https://ä", "it holds blanks or characters"),
        ):
            with self.assertRaisesRegex(ActionError, words, msg=wrong):
                check_url(wrong, False)

    def test_a_ca_file_is_named_by_its_whole_path(self) -> None:
        with mock.patch.dict(os.environ, {"SPLUNK_HOME": "/opt/splunk"}):
            self.assertEqual(settings_of({"url": "https://a", "ca_file": "$SPLUNK_HOME/etc/ca.pem"}).ca_file, "/opt/splunk/etc/ca.pem")
        with self.assertRaisesRegex(ActionError, "by its whole path"):
            settings_of({"url": "https://a", "ca_file": "ca.pem"})

    def test_fields_have_commas_between_them_and_may_hold_blanks(self) -> None:
        for fields, names in ((" Source IP , src_ip,,", ["Source IP", "src_ip"]), ("src_ip", ["src_ip"]), (" , ", None), (None, None)):
            run = read_payload(json.dumps({"configuration": {"fields": fields}}).encode())
            self.assertEqual(run.delivery.settings["fields"], names)

    def test_payloads_that_are_none(self) -> None:
        for document in (b"", b"\xff\xfe", b"[]", b"<alert/>", b"[" * 100_000):
            with self.assertRaisesRegex(ActionError, "holds no JSON object"):
                read_payload(document)

    def test_what_answers_mean(self) -> None:
        problem = b'{"code":"PAYLOAD_INVALID","detail":"No rows."}'
        for status, body, kind, retryable, words in (
            (200, b"<h1>It works</h1>", NotAccepted, False, "is no Portcullis receiver"),
            (202, b'{"alertId":"al_1"}', NotAccepted, False, "is no Portcullis receiver"),
            (301, b"", NotAccepted, False, "A redirect is never followed"),
            (308, b"", NotAccepted, False, "A redirect is never followed"),
            (400, problem, Refused, False, "answered 400: No rows."),
            (400, b"The plain HTTP request was sent to HTTPS port", NotAccepted, False, "answered 400. Check the URL"),
            (401, b"{}", NotAccepted, False, "Compare the signing secret"),
            (403, b"{}", NotAccepted, False, "Add this machine to WEBHOOK_SOURCES"),
            (404, problem, NotAccepted, False, "answered 404: No rows. Check the URL"),
            (408, b"", NotAccepted, True, "answered 408"),
            (413, b"", TooLarge, False, "answered 413"),
            (429, b"", NotAccepted, True, "answered 429"),
            (500, b"", NotAccepted, True, "answered 500"),
            (503, problem, NotAccepted, True, "answered 503: No rows."),
        ):
            with self.subTest(status=status, body=body):
                with self.assertRaisesRegex(kind, words) as caught:
                    judge(Answer(status, {}, body), "https://a/webhooks/splunk")
                self.assertEqual(caught.exception.retryable, retryable)
        taken = judge(Answer(202, {}, b'{"alertId":"al_1","status":"duplicate","addresses":3}'), "")
        self.assertEqual((taken.alert_id, taken.is_repeat, taken.addresses), ("al_1", True, 3))

    def test_retry_after(self) -> None:
        for text, least, most in (("7", 7, 7), ("-3", 0, 0), ("999999", 3600, 3600), ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0), (email.utils.formatdate(time.time() + 100, usegmt=True), 10, 100)):
            self.assertTrue(least <= (retry_after_of(text) or 0) <= most, text)
        for text in (None, "", "soon", "nan", "1e9"):
            self.assertIsNone(retry_after_of(text), text)

    def test_the_example_of_standard_webhooks(self) -> None:
        signed = signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
        self.assertEqual(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")

    def test_which_way_a_proxy_is_used(self) -> None:
        env = {"https_proxy": "http://proxy.example:3128", "http_proxy": "http://proxy.example:3128", "no_proxy": "direct.example"}
        with mock.patch.dict(os.environ, env):
            for url, proxy in (
                ("https://portcullis.example", "proxy.example"),
                ("http://portcullis.example:8080", "proxy.example"),
                ("https://direct.example", None),
                ("http://localhost:8080", None),
                ("http://127.0.0.1:8080", None),
                ("http://[::1]:8080", None),
            ):
                used = proxy_for(urllib.parse.urlsplit(url))
                self.assertEqual(used.hostname if used else None, proxy, url)

    def test_a_proxy_that_is_no_address_is_told_without_its_password(self) -> None:
        for proxy in ("http://alice:hunter2/x@proxy.example:3128", "http://alice:hunter2\u2100@proxy.example", "http://[hunter2"):
            with mock.patch.dict(os.environ, {"https_proxy": proxy}):
                with self.assertRaisesRegex(ActionError, "can't be reached: the proxy that the environment names is no address") as caught:
                    exchange("POST", "https://portcullis.example", b"", {}, None, 5)
                self.assertNotIn("hunter2", str(caught.exception))

    def test_an_answer_that_drips_ends_at_the_deadline(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            reader = DeadlineReader(ours, Deadline(0.2)).makefile()
            theirs.sendall(b"H")
            begun = time.monotonic()
            with self.assertRaises(socket.timeout):
                while reader.read(1):
                    theirs.sendall(b"T")
                    time.sleep(0.01)
            self.assertLess(time.monotonic() - begun, 10)


class Source(unittest.TestCase):
    def test_every_file_is_python_that_old_versions_read(self) -> None:
        # Splunk 8.2 to 9.2 bring Python 3.7.
        oldest: Any = {"feature_version": (3, 7)} if sys.version_info >= (3, 8) else {}
        for folder, _, names in os.walk(os.path.join(ROOT, "splunk-app", "bin")):
            for name in names:
                if name.endswith(".py"):
                    path = os.path.join(folder, name)
                    with open(path, encoding="utf-8") as file:
                        tree = ast.parse(file.read(), path, **oldest)
                    self.assertIsNotNone(ast.get_docstring(tree), path + " says what it is for")


if __name__ == "__main__":
    unittest.main()
