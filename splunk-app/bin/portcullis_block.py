"""The alert action `portcullis_block`. splunkd starts it with `--execute` and a JSON payload on standard input.

Exit codes: 0 the receiver has all rows; 1 started wrongly; 2 not accepted yet, kept and sent again by itself; 3 the same, but a person has to
mend something; 4 rows were refused or lost; 5 a bug. Splunk tells none of them apart from failure; the log does.
"""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from portcullis.errors import EXIT_INVOCATION  # noqa: E402
from portcullis.log import Log  # noqa: E402
from portcullis.run_action import run_action  # noqa: E402
from portcullis.start import create_desk, run_script  # noqa: E402


def main(log: Log) -> int:
    """@returns the exit code"""
    if sys.argv[1:] != ["--execute"]:
        log.error("Splunk starts this script with --execute. To try it: | makeresults | sendalert portcullis_block")
        return EXIT_INVOCATION
    return run_action(sys.stdin.buffer.read(), create_desk(log))


if __name__ == "__main__":
    sys.exit(run_script(main))
