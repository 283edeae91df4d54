"""Turns a request into an answer in JSON, whatever happens."""

from __future__ import annotations

import json
import sys
from typing import Any, Callable, Mapping

from portcullis.errors import ActionError
from portcullis.refusal import Refusal
from portcullis.rest_request import RestRequest, read_rest_request

Act = Callable[[RestRequest], Mapping[str, Any]]


def respond(text: str | bytes, acts: Mapping[str, Act]) -> dict[str, Any]:
    """Does what the method asks for. Returns `status`, `headers` and `payload` as splunkd wants them.

    An error is {code, message, advice}.
    """
    try:
        request = read_rest_request(text)
        act = acts.get(request.method)
        if act is None:
            raise Refusal(405, "METHOD_NOT_ALLOWED", "%s is not possible here." % request.method[:10], "Use " + ", ".join(acts) + ".")
        return _answer(200, act(request))
    except Refusal as refusal:
        return _answer(refusal.status, _told(refusal.code, refusal.message, refusal.advice))
    except ActionError as error:
        # Its text says what to do, unless waiting is all there is to it.
        return _answer(502, _told("NOT_DONE", str(error), "Try again in a minute." if error.retryable else ""))
    except Exception as error:  # pylint: disable=broad-except
        # Without the exception's text: it may quote what must not be logged.
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = "" if place is None else " at %s:%d" % (place.tb_frame.f_code.co_filename, place.tb_lineno)
        sys.stderr.write("Portcullis REST handler: %s%s\n" % (type(error).__name__, where))
        return _answer(500, _told("INTERNAL", "The app failed by a mistake of its own.", "splunkd.log tells where; report it."))


def _told(code: str, message: str, advice: str) -> dict[str, str]:
    return {"code": code, "message": message, "advice": advice}


def _answer(status: int, told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "status": status,
        "headers": {"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
        "payload": json.dumps(told),
    }
