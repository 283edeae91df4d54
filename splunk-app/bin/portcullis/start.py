"""Begins and ends the scripts."""

from __future__ import annotations

import sys
import traceback
from typing import Callable

from portcullis.desk import Desk
from portcullis.errors import EXIT_BUG, EXIT_NEEDS_PERSON
from portcullis.log import Log
from portcullis.places import log_folder, spool_folder
from portcullis.response_log import ResponseLog
from portcullis.spool import Spool
from portcullis.standing import Standing


def create_desk(log: Log) -> Desk:
    """The one place that says where this app keeps what."""
    return Desk(Spool(spool_folder(), log), Standing(spool_folder()), ResponseLog(log_folder()), log)


def run_script(work: Callable[[Log], int]) -> int:
    """Does the work and returns its exit code. A bug is told by its kind and place: its text might hold a secret."""
    if hasattr(sys.stderr, "reconfigure"):
        sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace")
    log = Log()
    try:
        return work(log)
    except OSError as error:
        log.error("a file or folder of the app can't be used: %s" % error.strerror, path=error.filename)
        return EXIT_NEEDS_PERSON
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        place = "%s:%s" % (frames[-1].filename.rpartition("/")[2], frames[-1].lineno)
        log.error("a bug of the app stopped this run, what was kept is sent by the next one", kind=type(error).__name__, place=place)
        return EXIT_BUG
