"""The scripted input that sends what the alert action could not. splunkd starts it every minute with a session key on standard input.

It runs as Splunk's own user, which may read the signing secret when an alert's owner may not. It prints nothing, so nothing is indexed.
"""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from portcullis.log import Log  # noqa: E402
from portcullis.run_resend import run_resend  # noqa: E402
from portcullis.start import create_desk, run_script  # noqa: E402


def main(log: Log) -> int:
    """@returns the exit code"""
    given = sys.stdin.readline().strip()
    # Older versions write a name before it.
    return run_resend(given.rpartition("sessionKey=")[2], create_desk(log))


if __name__ == "__main__":
    sys.exit(run_script(main))
