"""What is killed, full, or doubled loses nothing, and sends nothing twice."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import time
import unittest
from typing import Any, Callable

from fault_proxy import After, Answer, Before, Hold
from splunk_machine import Ended, results_csv
from world import ActionTest, some_rows


class Killed(ActionTest):
    """With `kill -9`, which nobody can catch. Then the input runs, as it does every minute."""

    def start_and_kill(self, rows: list[dict[str, Any]], arrange: Callable[[Callable[[], None]], None]) -> None:
        process: list[subprocess.Popen[bytes]] = []
        arrange(lambda: process[0].send_signal(signal.SIGKILL))
        process.append(self.machine.start(self.payload(rows)))
        ended = self.machine.end(process[0])
        self.assertEqual(ended.code, -signal.SIGKILL, ended.log)
        self.assertEqual(len(self.machine.kept()), 1)

    def assert_resend_completes(self, rows: list[dict[str, Any]], parts: int) -> None:
        self.assert_ended(self.machine.resend(), 0, "INFO accepted rows=%d" % len(rows))
        self.assert_arrived_once(rows)
        self.assertEqual(len({seen.id for seen in self.proxy.seen}), parts)
        self.assertEqual(self.machine.kept(), [])

    def test_before_anything_was_sent(self) -> None:
        rows = some_rows(10)

        def when_the_secret_is_read(kill: Callable[[], None]) -> None:
            self.splunkd.on_ask = kill

        self.start_and_kill(rows, when_the_secret_is_read)
        self.splunkd.on_ask = None
        self.assertEqual(self.proxy.seen, [])
        self.assert_resend_completes(rows, 1)

    def test_before_the_second_part_was_accepted(self) -> None:
        rows = some_rows(11_000)
        self.start_and_kill(rows, lambda kill: self.proxy.faults.extend([None, Before(kill)]))
        self.assert_resend_completes(rows, 3)
        self.assertEqual(len(self.proxy.seen), 2 + 2, "the first part is not sent again")

    def test_after_the_second_part_was_accepted(self) -> None:
        rows = some_rows(11_000)
        self.start_and_kill(rows, lambda kill: self.proxy.faults.extend([None, After(kill)]))
        self.assert_resend_completes(rows, 3)
        self.assertEqual(self.proxy.seen[1].id, self.proxy.seen[2].id, "the second goes again under its id")
        self.assertEqual(self.proxy.seen[1].body, self.proxy.seen[2].body)

    def test_while_the_rows_were_being_kept(self) -> None:
        rows = some_rows(10)
        packed = results_csv(rows)
        path = self.machine.write_results(self.sid, b"")
        os.unlink(path)
        os.mkfifo(path)
        process = self.machine.start(self.machine.payload(self.sid, path, configuration=self.settings))
        with open(path, "wb", buffering=0) as slow:
            slow.write(packed[:50])
            process.send_signal(signal.SIGKILL)
            self.machine.end(process)
        os.unlink(path)
        self.machine.write_results(self.sid, packed)
        self.proxy.faults = [Answer(404)]

        self.machine.resend()
        # By now it is copied, and Splunk's own may go.
        os.unlink(path)

        self.assert_resend_completes(rows, 1)

    def test_splunk_has_deleted_and_rewritten_the_file_meanwhile(self) -> None:
        rows = some_rows(10)
        self.proxy.faults = [Answer(404)]
        payload = self.payload(rows)
        self.assert_ended(self.machine.run(payload), 3)
        with open(payload["results_file"], "r+b") as file:
            file.write(b"other rows now")

        self.assert_resend_completes(rows, 1)


class Full(ActionTest):
    def run_with_room_for(self, most_bytes: int, rows: list[dict[str, Any]]) -> Ended:
        """Runs the action while no file can become larger than this: the same error at the same places as on a full disk."""
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        payload = self.payload(rows)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, before[1]))
        try:
            process = self.machine.start(payload)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        return self.machine.end(process)

    def test_without_room_it_is_sent_all_the_same(self) -> None:
        for most_bytes in (0, 1500):
            with self.subTest(most_bytes):
                self.sid += "%d" % most_bytes
                rows = some_rows(6000)
                self.assert_ended(self.run_with_room_for(most_bytes, rows), 0, "WARN can't be kept on this machine (File too large)", "rows=6000")
                self.assert_arrived_once(rows)
                self.assertEqual(self.machine.kept(), [])

    def test_neither_kept_nor_accepted_is_said_clearly(self) -> None:
        self.proxy.faults = [Answer(404)]
        self.assert_ended(
            self.run_with_room_for(0, some_rows(5)), 4, "ERROR neither accepted nor kept", "answered 404", "`portcullis pull`", "sid=" + self.sid
        )

    def test_a_folder_that_can_not_be_made(self) -> None:
        with open(self.machine.spool, "w", encoding="ascii"):
            pass
        self.assert_ended(self.run_action(some_rows(2)), 0, "WARN can't be kept on this machine")
        self.assert_arrived_once(some_rows(2))


class Together(ActionTest):
    def test_the_input_leaves_alone_what_a_run_is_sending(self) -> None:
        rows = some_rows(6000)
        hold = Hold()
        self.proxy.faults = [None, hold]
        process = self.machine.start(self.payload(rows))
        self.assertTrue(hold.reached.wait(60))

        self.assert_ended(self.machine.resend(), 0)
        hold.go.set()

        self.assert_ended(self.machine.end(process), 0, "rows=6000")
        self.assertEqual(len(self.proxy.seen), 2)
        self.assert_arrived_once(rows)

    def test_ten_runs_at_once_with_something_left_from_before(self) -> None:
        sids = [self.sid + str(n) for n in range(5)]
        self.proxy.faults = [Answer(404), Answer(404)]
        for sid in sids[:2]:
            self.sid = sid
            self.assert_ended(self.run_action(some_rows(2)), 3)
        started = []
        for sid in sids[2:]:
            self.sid = sid
            started.append(self.machine.start(self.payload(some_rows(3))))
        for process in started:
            self.assertEqual(self.machine.end(process).code, 0)
        self.assertEqual(self.machine.kept(), [])
        self.assertEqual([len(self.receiver.rows(sid)) for sid in sids], [2, 2, 3, 3, 3])

    def test_an_empty_spool_costs_no_question(self) -> None:
        self.assert_ended(self.machine.resend(), 0)
        self.assertEqual(self.splunkd.asked, [])

    def test_one_that_this_user_may_not_open_does_not_hold_up_the_others(self) -> None:
        foreign = os.path.join(self.machine.spool, "0000000000001-root")
        os.makedirs(os.path.join(foreign, "lock"))
        self.proxy.faults = [Answer(404)]
        self.assert_ended(self.run_action(some_rows(2)), 3)

        self.assert_ended(self.machine.resend(), 0, "accepted rows=2", "ERROR a kept delivery can't be opened: Is a directory", "path=" + foreign)

        self.assertEqual(self.machine.kept(), [os.path.basename(foreign)])

    def test_one_that_always_fails_does_not_hold_up_the_others(self) -> None:
        rows = [some_rows(1), some_rows(2)]
        self.proxy.faults = [Answer(404)] * 3
        self.assert_ended(self.run_action(rows[0]), 3)
        self.assert_ended(self.run_action(rows[1]), 3)

        self.machine.resend()
        self.assertEqual(len(self.machine.kept()), 2, "one try is enough to see that the receiver is not well")
        self.proxy.faults = [None, Answer(404)]
        self.machine.resend()

        self.assertEqual(len(self.machine.kept()), 1)
        self.assert_arrived_once(rows[1])


class Kept(ActionTest):
    def test_what_is_kept_holds_no_secret_and_is_private(self) -> None:
        self.proxy.faults = [Answer(404)]
        self.run_action(some_rows(2))
        folder = os.path.join(self.machine.spool, self.machine.kept()[0])

        self.assertEqual(os.stat(folder).st_mode & 0o777, 0o700)
        self.assertEqual(sorted(os.listdir(folder)), ["delivery.json", "lock", "results.csv.gz", "state.json"])
        with open(os.path.join(folder, "delivery.json"), encoding="ascii") as file:
            self.assertNotIn("session_key", file.read())

    def test_what_a_crash_of_the_machine_left_half_written(self) -> None:
        self.proxy.faults = [Answer(404), Answer(404)]
        self.run_action(some_rows(2))
        self.run_action(some_rows(2))
        first, second = (os.path.join(self.machine.spool, name) for name in self.machine.kept())
        with open(os.path.join(first, "state.json"), "w", encoding="ascii") as file:
            file.write('{"rows": 1, "lim')
        with open(os.path.join(second, "delivery.json"), "w", encoding="ascii") as file:
            file.write("\0\0\0")

        self.assert_ended(self.machine.resend(), 0, "WARN how far a delivery had come", "ERROR a kept delivery can't be read and is put aside", "rows=2")

        self.assertEqual(self.machine.kept(), [])
        self.assertEqual(len(os.listdir(os.path.join(self.machine.spool, "refused"))), 1)

    def test_seven_days_are_enough(self) -> None:
        self.proxy.faults = [Answer(404), Answer(404), Answer(404)]
        self.run_action(some_rows(2))
        self.run_action(some_rows(3), search_name="new")
        path = os.path.join(self.machine.spool, self.machine.kept()[0], "delivery.json")
        with open(path, encoding="ascii") as file:
            delivery = json.load(file)
        delivery["kept_at"] = time.time() - 7 * 24 * 3600 - 1
        with open(path, "w", encoding="ascii") as file:
            json.dump(delivery, file)

        self.assert_ended(self.machine.resend(), 0, "ERROR given up after 7 days, and put aside", "answered 404", 'search="SSH brute force"')

        self.assertEqual(len(self.machine.kept()), 1)
        self.assertIn('action_status="failure"', self.machine.response_log())
        aside = os.path.join(self.machine.spool, "refused")
        (name,) = os.listdir(aside)
        # A clock may have jumped: who sees it puts it back.
        os.rename(os.path.join(aside, name), os.path.join(self.machine.spool, name))
        self.assert_ended(self.machine.resend(), 0, "accepted rows=2")
        self.assertEqual(self.machine.kept(), [])


if __name__ == "__main__":
    unittest.main()
