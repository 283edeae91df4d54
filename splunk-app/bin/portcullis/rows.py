"""Reads the rows of a `results.csv.gz`, one at a time, however large it is."""

from __future__ import annotations

import codecs
import csv
import operator
import re
import zlib
from typing import Callable, Iterator, Sequence

from portcullis.delivery import Row

BLOCK_BYTES = 256 * 1024
MOST_BLOCK_BYTES = 1024 * 1024

# Python's limit of 131072 characters per cell is less than one large event.
csv.field_size_limit(2**31 - 1)


class ResultsCut(Exception):
    """The file ends too early. Every row that came before this was whole."""


class ResultsCorrupt(Exception):
    """The file is not what Splunk wrote: a wrong address could be among its rows."""


def check_results(path: str) -> None:
    """Reads a file to its end and compares its checksum, so that rows are only sent of one that is right.

    @raises ResultsCorrupt, OSError. One that ends too early passes: its beginning is right as far as anybody can tell.
    """
    try:
        for _ in _unpack(path):
            pass
    except ResultsCut:
        pass


def read_rows(path: str, on_bad_row: Callable[[], None]) -> Iterator[Row]:
    """The rows in Splunk's order, multivalue cells decoded. A row that can't be read is told of and left out.

    @raises ResultsCut after the last whole row, ResultsCorrupt, OSError
    """
    reader = csv.reader(_lines(path))
    cells = _next_cells(reader, on_bad_row)
    if cells is None:
        return
    make_row = _row_maker(cells)
    while True:
        cells = _next_cells(reader, on_bad_row)
        if cells is None:
            return
        if cells:
            yield make_row(cells)


def decode_multivalue(cell: str) -> list[str] | None:
    """The values in a `__mv_` cell, `$v1$;$v2$` with each `$` of a value doubled; None when it is nothing of that kind."""
    values: list[str] = []
    place = 0
    while place < len(cell):
        found = _one_value.match(cell, place)
        if found is None:
            return None
        values.append(found.group(1).replace("$$", "$"))
        place = found.end()
    return values


_one_value = re.compile(r"\$((?:\$\$|[^$]+)*)\$(?:;|\Z)")


def _next_cells(reader: Iterator[list[str]], on_bad_row: Callable[[], None]) -> list[str] | None:
    while True:
        try:
            return next(reader)
        except StopIteration:
            return None
        except csv.Error:
            on_bad_row()


def _row_maker(header: Sequence[str]) -> Callable[[list[str]], Row]:
    """Makes a row of cells in the order of this header."""
    width = len(header)
    places = {name: place for place, name in enumerate(header) if not name.startswith("__mv_")}
    names = list(places)
    plain = _picker(list(places.values()))
    lists = [(header[place][len("__mv_") :], place) for place in range(width) if header[place].startswith("__mv_")]
    encoded = _picker([place for _, place in lists])

    def make_row(cells: list[str]) -> Row:
        if len(cells) < width:
            cells = cells + [""] * (width - len(cells))
        row: Row = dict(zip(names, plain(cells)))
        if any(encoded(cells)):
            for name, place in lists:
                values = decode_multivalue(cells[place]) if cells[place] else None
                if values is not None:
                    row[name] = values
        return row

    return make_row


def _picker(places: list[int]) -> Callable[[list[str]], tuple[str, ...]]:
    if len(places) > 1:
        return operator.itemgetter(*places)
    return lambda cells: tuple(cells[place] for place in places)


def _lines(path: str) -> Iterator[str]:
    # csv would also take other characters for the end of a line, and older Pythons refuse NUL.
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    rest = ""
    for block in _unpack(path):
        pieces = (rest + decoder.decode(block).replace("\0", "\ufffd")).split("\n")
        rest = pieces.pop()
        for piece in pieces:
            yield piece + "\n"
    rest += decoder.decode(b"", True)
    if rest != "":
        yield rest


def _unpack(path: str) -> Iterator[bytes]:
    """Blocks of what is packed. By hand, because `gzip` loses the end of a file that was cut off."""
    with open(path, "rb") as file:
        member = zlib.decompressobj(wbits=31)
        packed = file.read(BLOCK_BYTES)
        while packed:
            try:
                block = member.decompress(packed, MOST_BLOCK_BYTES)
            except zlib.error as error:
                raise ResultsCorrupt(str(error)) from error
            packed = member.unconsumed_tail or member.unused_data or file.read(BLOCK_BYTES)
            if member.eof and packed:
                member = zlib.decompressobj(wbits=31)
            if block:
                yield block
        if not member.eof:
            raise ResultsCut("it ends too early")
