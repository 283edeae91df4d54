"""Lines for splunkd.log: one per thing that happened, with a level that Splunk understands."""

from __future__ import annotations

import re
import sys
import unicodedata
from typing import TextIO

MOST_CHARACTERS = 500

_bare = re.compile(r"[A-Za-z0-9_.:/@+,()-]+\Z")


class Log:
    """Writes `LEVEL text key=value …` to standard error. Nothing that came from outside can begin a line or change how one looks."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def info(self, text: str, **facts: object) -> None:
        """Something that went as it should."""
        self._write("INFO", text, facts)

    def warn(self, text: str, **facts: object) -> None:
        """Something that people may want to mend; nothing is lost."""
        self._write("WARN", text, facts)

    def error(self, text: str, **facts: object) -> None:
        """Something that needs a person, or rows that are lost."""
        self._write("ERROR", text, facts)

    def _write(self, level: str, text: str, facts: dict[str, object]) -> None:
        told = "".join(" %s=%s" % (name, value_of(fact)) for name, fact in facts.items() if fact is not None)
        line = "%s %s%s\n" % (level, visible(text), told)
        try:
            stream = self._stream or sys.stderr
            stream.write(line)
            stream.flush()
        except (OSError, ValueError):
            # Whoever reads the log has gone, or its disk is full: the delivery must go on.
            pass


def value_of(fact: object) -> str:
    """A value as Splunk's field extraction reads it: bare, or in quotes."""
    if isinstance(fact, float):
        return "%.1f" % fact
    text = visible(str(fact))
    return text if _bare.match(text) else '"%s"' % text.replace('"', "'")


def visible(text: str) -> str:
    """The text on one line, with everything escaped that has no shape of its own (control, bidi, surrogates), at most 500 characters."""
    kept = text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + "…"
    return kept if kept.isascii() and kept.isprintable() else "".join(_shown(character) for character in kept)


def _shown(character: str) -> str:
    hidden = unicodedata.category(character)[0] == "C" or unicodedata.category(character) in ("Zl", "Zp")
    return character.encode("unicode_escape").decode("ascii") if hidden else character
