"""Opening what is brought in: plain files and nothing else."""

from __future__ import annotations

import os
import stat
from io import BufferedReader
from pathlib import Path

from liangzheng.kernel.errors import Unavailable


def open_plain(path: Path) -> BufferedReader:
    """The file, open for reading. Raises Unavailable when it is not there, may not be read, or is a directory,
    pipe, socket or device."""
    try:
        # A pipe that nobody writes to would keep us waiting at its door.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as trouble:
        raise Unavailable(f"{path.name} cannot be opened: {trouble.strerror}") from trouble
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise Unavailable(f"{path.name} cannot be opened: it is not a plain file")
    return os.fdopen(handle, "rb")
