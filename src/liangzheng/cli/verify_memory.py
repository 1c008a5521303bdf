"""What `./lz verify` remembers between codes, in a file: the pinned root, the highest bundle version, what
was shown and seen."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from liangzheng import Memory
from liangzheng.kernel.errors import Conflict, Invalid, Unavailable

_FINGERPRINT_OCTETS = 32


@dataclass(slots=True)
class Terminal:
    """One verifier's memory and the root it trusts; None until one was pinned."""

    root: bytes | None
    memory: Memory

    def pin(self, root: bytes) -> None:
        """Trusts this root from now on. Raises Conflict when another one is pinned already."""
        if self.root is not None and self.root != root:
            raise Conflict("another root is pinned here; a new root needs a new --state file", place="--root")
        self.root = root


def default_path() -> Path:
    """`verify.json` under XDG_STATE_HOME (the XDG base directories)."""
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "liangzheng" / "verify.json"


def fingerprint(text: str) -> bytes:
    """SHA-256 of the root's key from 64 hexadecimal digits; colons and spaces are allowed. Raises Invalid."""
    try:
        octets = bytes.fromhex(text.replace(":", "").replace(" ", ""))
    except ValueError:
        octets = b""
    if len(octets) != _FINGERPRINT_OCTETS:
        raise Invalid("--root", "64 hexadecimal digits")
    return octets


@contextmanager
def remembered(path: Path) -> Iterator[Terminal]:
    """The memory of this file for the length of the block; written back when the block did not raise.

    Two commands at once wait for one another. Raises Invalid for a file that is no memory, Unavailable
    where none can be kept: a verifier that cannot remember would take the same code twice.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise Unavailable(
            f"no memory can be kept at {path}: {error.strerror}; name another --state"
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        terminal = _read(path)
        yield terminal
        _write(path, terminal)
    finally:
        os.close(lock)


def _read(path: Path) -> Terminal:
    try:
        kept: Any = json.loads(path.read_bytes())
    except FileNotFoundError:
        return Terminal(None, Memory())
    except (ValueError, RecursionError):  # no JSON, or nested deeper than anything we wrote
        raise Invalid(path.name, "what an earlier `lz verify` wrote") from None
    try:
        return Terminal(
            root=bytes.fromhex(kept["root"]) if kept["root"] else None,
            memory=Memory(
                trust_version=int(kept["trust_version"]),
                shown={bytes.fromhex(key): datetime.fromisoformat(end) for key, end in kept["shown"].items()},
                standings={bytes.fromhex(key): int(version) for key, version in kept["standings"].items()},
            ),
        )
    except (TypeError, KeyError, ValueError, AttributeError):
        raise Invalid(path.name, "what an earlier `lz verify` wrote") from None


def _write(path: Path, terminal: Terminal) -> None:
    memory = terminal.memory
    kept = {
        "root": terminal.root.hex() if terminal.root else None,
        "trust_version": memory.trust_version,
        "shown": {key.hex(): end.isoformat() for key, end in memory.shown.items()},
        "standings": {key.hex(): version for key, version in memory.standings.items()},
    }
    # Written beside and moved into place: a crash leaves the old memory whole, never half of one.
    beside = path.with_suffix(".new")
    with os.fdopen(os.open(beside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as out:
        json.dump(kept, out)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(path)
