"""What the demonstration remembers between two starts, so that a start after a crash goes on where the last one stopped."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

import msgspec

from liangzheng.infra.keys_file import write_whole


class Actor(msgspec.Struct, kw_only=True):
    """A fictional driver of the generated register who has an account: what only they would know, and their phone's key."""

    line: int
    """In the register file, the header being line 1."""
    mobile: str
    password: str
    identity_number: str
    name: str
    authority: str
    classes: str
    first_issue_date: str = ""
    """Of the register, YYYY-MM-DD; empty for actors of earlier versions."""
    phone_key: bytes
    """PKCS#8: stands for the key store of a phone."""
    story: str
    """Prefix of this actor's idempotency keys: a step done twice is done once."""
    once: bool = False
    """Cast for a story that is told without a person; the others are printed for people to log in as."""
    role: str = ""
    """What a driver cast for a story plays in it; empty for the others and in files of earlier versions."""
    told: bool = False
    """The story of this driver was told to its end."""


class Officer(msgspec.Struct, kw_only=True):
    """A fictional officer who has enrolled, printed for people to log in as."""

    number: str
    password: str
    totp_secret: str
    """Base32, for an authenticator application; plainly printed, because nothing here is real."""
    division: str
    """Where their duties hold: six digits, or nationwide."""
    duties: list[str] = msgspec.field(default_factory=list)
    """Empty for officers of earlier versions: those of the first two then."""


class Newcomer(msgspec.Struct, kw_only=True):
    """A fictional driver of the generated register without an account, for people to register as; cast for no story."""

    line: int
    identity_number: str
    name: str
    authority: str
    classes: str


class Kept(msgspec.Struct, kw_only=True):
    """Everything the demonstration keeps in its own file, beside the database; readable by its owner only."""

    verifier_token: str | None = None
    imported: dict[str, str] = msgspec.field(default_factory=dict)
    """Register file → SHA-256 of what of it is in the register; set when its import has ended."""
    actors: list[Actor] = msgspec.field(default_factory=list)
    newcomers: list[Newcomer] = msgspec.field(default_factory=list)
    officers: list[Officer] = msgspec.field(default_factory=list)
    reviewers: dict[str, list[str]] = msgspec.field(default_factory=dict)
    """Division → tokens of its two photo reviewers: what one has in hand when a start is cut off, they go on with."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """What was kept; empty when nothing was."""
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except FileNotFoundError:
            return cls()

    def save(self, path: Path) -> None:
        """Durably, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(path, msgspec.json.encode(self))
        os.chmod(path, 0o600)
