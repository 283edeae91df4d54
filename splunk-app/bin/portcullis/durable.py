"""Files that are whole or not there, also after a power cut."""

from __future__ import annotations

import errno
import os
import shutil
from typing import BinaryIO


def write_whole(path: str, content: bytes) -> None:
    """Replaces a file in one step, on disk when this returns. @raises OSError; the old file is then still there"""
    temporary = path + ".new"
    with open(temporary, "wb", opener=_private) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_folder(os.path.dirname(path))


def copy_whole(source: BinaryIO, path: str) -> None:
    """As `write_whole`, with the content of an open file. @raises OSError"""
    temporary = path + ".new"
    with open(temporary, "wb", opener=_private) as file:
        shutil.copyfileobj(source, file, 1024 * 1024)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_folder(os.path.dirname(path))


def sync_folder(path: str) -> None:
    """Makes names in a folder durable, where the system can. @raises OSError when the disk fails"""
    try:
        folder = os.open(path, os.O_RDONLY)
    except OSError:
        # Windows opens no folders; it writes names down by itself.
        return
    try:
        os.fsync(folder)
    except OSError as error:
        # How some network file systems say that they write names down by themselves.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(folder)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
