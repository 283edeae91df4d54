"""Where deliveries are kept on this machine until the receiver has them: one folder each, written before anything is sent."""

from __future__ import annotations

import os
import secrets
import shutil
import time

from portcullis.delivery import Delivery, delivery_from
from portcullis.durable import copy_whole, sync_folder, write_whole
from portcullis.item import DELIVERY_FILE, LOCK_FILE, RESULTS_FILE, STATE_FILE, Item
from portcullis.lock import Lock, try_lock
from portcullis.log import Log
from portcullis.progress import Progress, progress_from

REFUSED_FOLDER = "refused"
UNFINISHED_SECONDS = 3600.0


class SpoolFull(Exception):
    """There are as many deliveries, or bytes, as there may be."""


class Spool:
    """A folder of items. Any number of processes may use it at once: an item belongs to whoever holds its lock."""

    def __init__(
        self,
        root: str,
        log: Log,
        *,
        most_items: int = 5000,
        most_bytes: int = 512 * 1024 * 1024,
        most_refused: int = 100,
    ) -> None:
        self._root = root
        self._log = log
        self._most_items = most_items
        self._most_bytes = most_bytes
        self._most_refused = most_refused

    @property
    def root(self) -> str:
        """The folder's path."""
        return self._root

    def names(self) -> list[str]:
        """Items, the oldest first."""
        try:
            with os.scandir(self._root) as found:
                return sorted(entry.name for entry in found if entry.name[:1].isdigit())
        except (FileNotFoundError, NotADirectoryError):
            return []

    def keep(self, delivery: Delivery) -> Item:
        """Writes a delivery down with its rows. Once `delivery.json` is there, a crash loses nothing: the rows are copied later.

        The rows are copied and not linked, because Splunk writes some of these files again for the next result.
        @raises SpoolFull, OSError
        """
        os.makedirs(self._root, mode=0o700, exist_ok=True)
        self._check_room(delivery)
        folder, lock = self._make_folder(delivery)
        try:
            write_whole(os.path.join(folder, DELIVERY_FILE), delivery.to_json())
            sync_folder(self._root)
            _bring_results(delivery, folder)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return Item(delivery, Progress(), self._log, folder=folder, lock=lock)

    def claim(self, name: str) -> Item | None:
        """The item, for this process alone; None when another has it, or when it is gone. @raises OSError"""
        folder = os.path.join(self._root, name)
        try:
            lock = try_lock(os.path.join(folder, LOCK_FILE))
        except FileNotFoundError:
            return None
        if lock is None:
            return None
        try:
            with open(os.path.join(folder, DELIVERY_FILE), "rb") as file:
                delivery = delivery_from(file.read())
        except FileNotFoundError:
            lock.release()
            self._remove_unfinished(folder)
            return None
        except ValueError:
            lock.release()
            self._log.error("a kept delivery can't be read and is put aside", folder=os.path.join(REFUSED_FOLDER, name))
            self._move_aside(folder)
            return None
        except OSError:
            lock.release()
            raise
        try:
            _bring_results(delivery, folder)
        except OSError as error:
            self._log.warn("rows can't be copied, they are sent from where Splunk has them: %s" % error.strerror, folder=folder)
        return Item(delivery, self._progress_of(folder), self._log, folder=folder, lock=lock)

    def attempts(self, name: str) -> int:
        """How often an item was tried in vain."""
        return self._progress_of(os.path.join(self._root, name)).attempts

    def newest(self) -> Delivery | None:
        """The delivery that was kept last."""
        for name in reversed(self.names()):
            try:
                with open(os.path.join(self._root, name, DELIVERY_FILE), "rb") as file:
                    return delivery_from(file.read())
            except (OSError, ValueError):
                continue
        return None

    def remove(self, item: Item) -> None:
        """Forgets an item that the receiver has. From the first step on nobody sends it again."""
        if item.folder is not None:
            try:
                os.unlink(os.path.join(item.folder, DELIVERY_FILE))
            except FileNotFoundError:
                pass
            except OSError as error:
                self._log.warn("what is done with can't be deleted: %s" % error.strerror, folder=item.folder)
                return
            item.release()
            shutil.rmtree(item.folder, ignore_errors=True)

    def put_aside(self, item: Item) -> None:
        """Puts an item aside that the receiver can't read, or that has waited too long, for people to look at."""
        item.release()
        if item.folder is not None:
            self._move_aside(item.folder)

    def _make_folder(self, delivery: Delivery) -> tuple[str, Lock]:
        while True:
            folder = os.path.join(self._root, "%013d-%s" % (delivery.kept_at * 1000, secrets.token_hex(4)))
            os.mkdir(folder, 0o700)
            lock = try_lock(os.path.join(folder, LOCK_FILE))
            if lock is not None:
                return folder, lock
            # The resend input looked into it in between. It finds nothing there and deletes it later.

    def _check_room(self, delivery: Delivery) -> None:
        names = self.names()
        if len(names) >= self._most_items:
            raise SpoolFull("%d deliveries wait already" % len(names))
        size = _size(delivery.results_file or "") + sum(_size(os.path.join(self._root, name, RESULTS_FILE)) for name in names)
        if size > self._most_bytes:
            raise SpoolFull("the deliveries that wait take %d MiB already" % (self._most_bytes // 1024 // 1024))

    def _progress_of(self, folder: str) -> Progress:
        try:
            with open(os.path.join(folder, STATE_FILE), "rb") as file:
                return progress_from(file.read())
        except FileNotFoundError:
            return Progress()
        except (OSError, ValueError, TypeError, KeyError):
            self._log.warn("how far a delivery had come can't be read: it is sent from its beginning", folder=folder)
            return Progress()

    def _move_aside(self, folder: str) -> None:
        aside = os.path.join(self._root, REFUSED_FOLDER)
        try:
            os.makedirs(aside, mode=0o700, exist_ok=True)
            os.rename(folder, os.path.join(aside, os.path.basename(folder)))
            for name in sorted(os.listdir(aside))[: -self._most_refused]:
                shutil.rmtree(os.path.join(aside, name), ignore_errors=True)
                self._log.warn("a delivery that was put aside is deleted to make room", folder=os.path.join(REFUSED_FOLDER, name))
        except OSError as error:
            self._log.warn("a delivery can't be put aside: %s" % error.strerror, folder=folder)

    def _remove_unfinished(self, folder: str) -> None:
        try:
            if time.time() - os.stat(folder).st_mtime > UNFINISHED_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            pass


def _bring_results(delivery: Delivery, folder: str) -> None:
    """Copies the rows beside a delivery, unless that is done or Splunk has them no more. @raises OSError when there is no room"""
    path = os.path.join(folder, RESULTS_FILE)
    if delivery.results_file is None or os.path.exists(path):
        return
    try:
        source = open(delivery.results_file, "rb")
    except OSError:
        return
    with source:
        copy_whole(source, path)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
