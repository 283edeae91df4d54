"""Sends the rows of one item, part by part, from where it stopped."""

from __future__ import annotations

from itertools import islice
from typing import Iterator

from portcullis.chunks import Chunk, Limits, delivery_id, make_chunks
from portcullis.errors import ActionError
from portcullis.item import Item
from portcullis.log import Log
from portcullis.patience import Patience
from portcullis.receiver import Accepted, Receiver, Refused, TooLarge

_unlimited = 2**40


def deliver(item: Item, receiver: Receiver, patience: Patience, log: Log) -> None:
    """Returns when the receiver has every row. What was accepted is written down before the next part goes out, and never sent again.

    @raises ActionError why it has not; Refused when there is nothing left to send, but some of it could not be read there
    """
    while not _send_parts(item, receiver, patience, log):
        pass
    if item.progress.deliveries == 0 and item.progress.rows == 0:
        raise Refused("The receiver can't read the alert, which has no rows.")
    if item.progress.refused > 0:
        raise Refused("The receiver can't read %d of %d rows." % (item.progress.refused, item.progress.rows))


def _send_parts(item: Item, receiver: Receiver, patience: Patience, log: Log) -> bool:
    """False: a part was too large, and smaller ones are to be made."""
    for chunk in _chunks(item):
        progress = item.progress
        chunk_id = progress.pending_id if progress.pending_end == chunk.end else None
        chunk_id = chunk_id or delivery_id(item.delivery, chunk)
        item.save(progress.sending(chunk, chunk_id))
        if chunk.shortened > 0:
            log.warn("rows were too large and are sent shortened", rows=chunk.shortened, sid=item.delivery.sid)
        try:
            answer = _post(receiver, chunk_id, chunk, patience)
        except Refused as error:
            item.save(item.progress.refusing(chunk))
            log.error("rows were refused: %s" % error, rows=chunk.end - chunk.first, first=chunk.first, sid=item.delivery.sid)
            continue
        except TooLarge:
            limits = progress.limits.halved(chunk)
            if limits is None:
                raise
            item.save(progress.smaller(limits))
            log.warn("the receiver takes no part of this size, smaller ones are sent", bytes=len(chunk.body))
            return False
        item.save(item.progress.accepted(chunk, answer))
        patience.accepted()
    return True


def _chunks(item: Item) -> Iterator[Chunk]:
    progress = item.progress
    if progress.rows == 0 and progress.deliveries > 0:
        # An alert without rows, which was accepted.
        return
    rows = islice(item.rows(), progress.rows, None)
    first = progress.rows
    if progress.pending_end is not None and progress.pending_end > first:
        # Sent before, and perhaps accepted: exactly these rows again.
        same = islice(rows, progress.pending_end - first)
        yield from make_chunks(item.delivery, same, first, Limits(_unlimited, _unlimited, progress.limits.row_bytes))
        first = progress.pending_end
    yield from make_chunks(item.delivery, rows, first, progress.limits)


def _post(receiver: Receiver, chunk_id: str, chunk: Chunk, patience: Patience) -> Accepted:
    while True:
        try:
            return receiver.post(chunk_id, chunk.body, patience.request_seconds())
        except TooLarge:
            raise
        except ActionError as error:
            if not patience.pause(error):
                raise
