"""Whatever a network or a receiver does: every row arrives once, or waits, and the log says why."""

from __future__ import annotations

import gzip
import os
import socket
import ssl
import unittest

from fault_proxy import TLS, Answer, CutAnswer, CutBody, FaultProxy, Garbage
from splunk_machine import SESSION_KEY
from world import ActionTest, some_rows

from portcullis.errors import ActionError
from portcullis.exchange import at_least_tls_1_2, exchange, verifying_context
from portcullis.splunkd import Splunkd, SplunkdError

BUSY = Answer(503, {"Content-Type": "application/problem+json"}, b'{"code":"STORE_UNAVAILABLE","detail":"Nothing was stored. Send it again."}')


class WithinOneRun(ActionTest):
    def test_what_passes_is_tried_again_and_nothing_arrives_twice(self) -> None:
        rows = some_rows(20_001)
        half = Answer(202, {"Content-Type": "application/json"}, b'{"alertId":')
        self.proxy.faults = [BUSY, None, CutBody(), None, Garbage(), None, CutAnswer(), None, half]

        ended = self.run_action(rows)

        self.assert_ended(ended, 0, "accepted rows=20001")
        self.assert_arrived_once(rows)
        ids = [seen.id for seen in self.proxy.seen]
        self.assertEqual((len(set(ids)), len(ids)), (5, 9), "one id for one part, however often it goes out")

    def test_retry_after_is_waited_for(self) -> None:
        self.proxy.faults = [Answer(429, {"Retry-After": "1"})]
        self.assert_ended(self.run_action(some_rows(1)), 0)
        refused, taken = self.proxy.seen
        self.assertGreaterEqual(taken.at - refused.at, 1.0)

    def test_too_large_parts_become_smaller(self) -> None:
        rows = some_rows(2000)
        self.proxy.faults = [Answer(413), Answer(413)]

        ended = self.run_action(rows)

        self.assert_ended(ended, 0, "WARN the receiver takes no part of this size", "rows=2000")
        whole, half, *others = [len(gzip.decompress(seen.body)) for seen in self.proxy.seen]
        self.assertLessEqual(half, whole / 2)
        self.assertLessEqual(max(others), half / 2)
        self.assertLessEqual(len(others), 6, "not one by one")
        self.assert_arrived_once(rows)

    def test_what_the_receiver_can_not_read_is_put_aside_and_the_rest_goes_on(self) -> None:
        rows = some_rows(11_000)
        self.proxy.faults = [None, Answer(400, {}, b'{"code":"PAYLOAD_INVALID","detail":"results.7: expected an object"}')]

        ended = self.run_action(rows)

        self.assert_ended(ended, 4, "ERROR rows were refused", "results.7: expected an object", "rows=5000 first=5000", "can't read 5000 of 11000 rows")
        self.assert_arrived_once(rows[:5000] + rows[10_000:])
        self.assertEqual(self.machine.kept(), [])
        self.assertEqual(len(os.listdir(os.path.join(self.machine.spool, "refused"))), 1)
        self.assertIn('action_status="failure"', self.machine.response_log())
        before = len(self.proxy.seen)
        self.machine.resend()
        self.assertEqual(len(self.proxy.seen), before, "never sent again")


class KeptForLater(ActionTest):
    def assert_kept_then_delivered(self, ended_code: int, *words: str, mend: object = None) -> None:
        rows = some_rows(3)
        ended = self.run_action(rows)
        self.assert_ended(ended, ended_code, "not accepted, kept and sent again within a minute", *words)
        self.assertEqual(len(self.machine.kept()), 1)
        self.assertIn('action_status="pending"', self.machine.response_log())
        if callable(mend):
            mend()
        self.assert_ended(self.machine.resend(), 0, "INFO accepted rows=3", self.sid)
        self.assert_arrived_once(rows)
        self.assertEqual(self.machine.kept(), [])
        self.assertIn('action_status="success"', self.machine.response_log())

    def test_nobody_listens(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self.use("http://127.0.0.1:%d" % taken.getsockname()[1])
            row = some_rows(1)
            ended = self.run_action(row, name="per_result_alert/tmp_0.csv.gz")
            self.assert_ended(ended, 2, "WARN not accepted, kept", "can't be reached: Connection refused")
            second = self.run_action(row, name="per_result_alert/tmp_1.csv.gz")
            self.assert_ended(second, 2, "The receiver failed less than a minute ago")
        self.use(self.proxy.url)
        self.machine.resend()
        self.assert_arrived_once(row * 2)

    def test_it_asks_to_be_left_alone(self) -> None:
        self.proxy.faults = [Answer(503, {"Retry-After": "3600"}, BUSY.body)]
        rows = some_rows(3)
        self.assert_ended(self.run_action(rows), 2, "answered 503: Nothing was stored. Send it again.")
        self.assert_ended(self.machine.resend(), 0)
        self.assert_ended(self.run_action(rows), 2, "asks to be left alone")
        self.assertEqual(len(self.proxy.seen), 1, "neither run has sent anything")

    def test_redirects_are_not_followed(self) -> None:
        elsewhere = FaultProxy(self.receiver.url)
        self.addCleanup(elsewhere.stop)
        for status in (302, 307):
            self.proxy.faults = [Answer(status, {"Location": elsewhere.url + "/webhooks/splunk"})]
            self.assert_ended(self.run_action(some_rows(3)), 3, "ERROR", "answered %d. A redirect is never followed" % status)
        self.assertEqual(len(self.machine.kept()), 2)
        self.assertEqual(elsewhere.seen, [])

    def test_a_wrong_secret_that_is_mended(self) -> None:
        self.splunkd.secret = "whsec_d3Jvbmcgc2VjcmV0IG9mIHRoZSB0ZXN0cw=="
        self.assert_kept_then_delivered(
            3, "ERROR", "answered 401: The signature does not fit", "Compare the signing secret", mend=self.splunkd.reset_secret
        )

    def test_secrets_that_are_of_no_use(self) -> None:
        for secret, words in ((None, "The signing secret is not set up"), ("hunter2", "must look like whsec_")):
            with self.subTest(secret):
                self.splunkd.secret = secret
                self.assert_ended(self.run_action(some_rows(1)), 3, "ERROR not accepted, kept", words)
                self.assert_ended(self.machine.resend(), 3, "ERROR deliveries wait and can't be sent", words)

    def test_the_owner_may_not_read_the_secret_but_the_input_may(self) -> None:
        self.splunkd.may_read = False
        self.assert_kept_then_delivered(
            3, "ERROR", "This user may not read the signing secret. Grant the alert's owner the capability list_storage_passwords",
            mend=self.splunkd.allow,
        )
        self.assertEqual(len(self.proxy.seen), 1)


class Tls(ActionTest):
    def through(self, certificate: str, **settings: str) -> FaultProxy:
        proxy = FaultProxy(self.receiver.url, certificate)
        self.addCleanup(proxy.stop)
        self.use(proxy.url, **settings)
        return proxy

    def test_a_ca_file_is_trusted(self) -> None:
        proxy = self.through("localhost.crt", ca_file=os.path.join(TLS, "localhost.crt"))
        self.assert_ended(self.run_action(some_rows(2)), 0, "accepted rows=2")
        self.assert_arrived_once(some_rows(2))
        self.assertEqual(len(proxy.seen), 1)

    def test_certificates_that_are_not_to_be_trusted(self) -> None:
        unknown = self.through("localhost.crt")
        self.assert_ended(self.run_action(some_rows(1)), 3, "signed by an unknown CA. Name the CA's file")

        expired = self.through("expired.crt", ca_file=os.path.join(TLS, "expired.crt"))
        self.assert_ended(self.run_action(some_rows(1)), 3, "its certificate has expired. Renew it")

        other = FaultProxy(self.receiver.url, "localhost.crt", host="127.0.0.2")
        self.addCleanup(other.stop)
        self.use(other.url, ca_file=os.path.join(TLS, "localhost.crt"))
        self.assert_ended(self.run_action(some_rows(1)), 3, "its certificate is for another name")

        self.assertEqual(unknown.seen + expired.seen + other.seen, [], "nothing was sent")
        self.assertEqual(len(self.machine.kept()), 3)

    def test_older_tls_is_refused_also_where_python_knows_no_minimum_version(self) -> None:
        """As with OpenSSL 1.0.2, which older Splunk has: to set it there changes nothing, and says nothing."""

        class WithOldOpenSsl:
            options = ssl.OP_NO_SSLv3

        old = WithOldOpenSsl()
        at_least_tls_1_2(old)  # type: ignore[arg-type]
        self.assertEqual(old.options, ssl.OP_NO_SSLv3 | ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1)

        new = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        at_least_tls_1_2(new)
        self.assertEqual(new.minimum_version, ssl.TLSVersion.TLSv1_2)
        self.assertEqual(verifying_context(None).minimum_version, ssl.TLSVersion.TLSv1_2)

    def test_https_where_only_http_is_spoken(self) -> None:
        self.use(self.proxy.url.replace("http:", "https:"))
        self.assert_ended(self.run_action(some_rows(1)), 3, "does not speak TLS as needed")

    def test_a_ca_file_without_a_certificate(self) -> None:
        path = os.path.join(self.machine.home, "empty.pem")
        with open(path, "w", encoding="ascii") as file:
            file.write("nothing\n")
        self.through("localhost.crt", ca_file=path)
        self.assert_ended(self.run_action(some_rows(1)), 3, "it holds no certificate")


class Exchange(ActionTest):
    def test_an_answer_that_is_not_whole_is_none(self) -> None:
        self.proxy.faults = [CutAnswer()]
        with self.assertRaisesRegex(ActionError, "closed the connection before its answer was whole") as caught:
            exchange("POST", self.proxy.url + "/webhooks/splunk", b"", {}, None, 30)
        self.assertTrue(caught.exception.retryable)

    def test_another_machine_must_prove_that_it_is_splunkd(self) -> None:
        # Who connects to this address has another one itself, as with any other machine.
        other = FaultProxy(self.receiver.url, "localhost.crt", host="127.0.0.2")
        self.addCleanup(other.stop)
        with self.assertRaisesRegex(SplunkdError, "splunkd: .*(unknown CA|another name)"):
            Splunkd(other.url, SESSION_KEY).get_json("/services/server/info")
        self.assertEqual(other.seen, [], "the session key did not leave")


class Proxies(ActionTest):
    def test_the_proxy_of_the_environment_is_used_but_not_for_this_machine(self) -> None:
        self.use("http://portcullis.example.net", allow_http="1")
        ended = self.machine.run(self.payload(some_rows(2)), http_proxy="http://alice:p%%40ss@127.0.0.1:%d" % self.proxy.port)

        self.assert_ended(ended, 0, "accepted rows=2")
        self.assertEqual(self.proxy.seen[0].path, "http://portcullis.example.net/webhooks/splunk")
        self.assertEqual(self.proxy.seen[0].headers["Proxy-Authorization"], "Basic YWxpY2U6cEBzcw==")
        self.assertNotIn("p@ss", self.machine.everything())

    def test_a_tunnel_leads_to_an_https_receiver(self) -> None:
        secure = FaultProxy(self.receiver.url, "localhost.crt")
        self.addCleanup(secure.stop)
        tunnel = "http://127.0.0.1:%d" % self.proxy.port
        self.use("https://portcullis.example.net:%d" % secure.port, ca_file=os.path.join(TLS, "localhost.crt"))

        ended = self.machine.run(self.payload(some_rows(1)), https_proxy=tunnel)
        self.assert_ended(ended, 3, "its certificate is for another name")
        self.assertEqual(self.proxy.seen[0].path, "CONNECT portcullis.example.net:%d" % secure.port)

        self.proxy.faults = [Answer(407)] * 20
        ended = self.machine.run(self.payload(some_rows(1)), https_proxy=tunnel)
        self.assert_ended(ended, 2, "the proxy 127.0.0.1:%d answered 407" % self.proxy.port)

    def test_this_machine_is_reached_without_a_proxy(self) -> None:
        ended = self.machine.run(self.payload(some_rows(1)), http_proxy="http://127.0.0.1:1")
        self.assert_ended(ended, 0)


if __name__ == "__main__":
    unittest.main()
