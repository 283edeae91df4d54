"""Why a request of a page is not done, as the page shows it."""

from __future__ import annotations


class Refusal(Exception):
    """An answer other than success.

    status: HTTP status for the browser. Never 401, which makes Splunk Web ask for a new login.
    code: stable name of the kind; message: what happened; advice: what to do. Neither holds a secret.
    """

    def __init__(self, status: int, code: str, message: str, advice: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.advice = advice
