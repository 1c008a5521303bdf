"""One class per kind of id. An id is a UUIDv7 with a prefix; ids of different kinds are never equal.

Text form: prefix, underscore, 26 characters of Crockford base32 in lower case over the 16 octets,
`drv_01jd3v9k5rf6z8m4q2w7x0y1ab`. Only this form parses: no capitals, no i l o u, no hyphens.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self
from uuid import UUID

from liangzheng.kernel.errors import Invalid

BUCKETS = 64
"""How many buckets outbox, audit chains and shards without a natural key are spread over."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_TEXT_LENGTH = 26
_VALUE_OF = {character: value for value, character in enumerate(_ALPHABET)}
_PAIRS = tuple(high + low for high in _ALPHABET for low in _ALPHABET)
_MAX_MS = (1 << 48) - 1


def compose_uuid7(ms: int, sequence: int, tail: int) -> UUID:
    """UUIDv7 (RFC 9562 §5.7) of Unix milliseconds, a 12-bit sequence (rand_a) and a 62-bit tail (rand_b)."""
    if not (0 <= ms <= _MAX_MS and 0 <= sequence < 1 << 12 and 0 <= tail < 1 << 62):
        raise Invalid("uuid", "48 bits of milliseconds, 12 of sequence and 62 of tail")
    return UUID(int=ms << 80 | 0x7 << 76 | sequence << 64 | 0b10 << 62 | tail)


class Uuid7Maker:
    """Makes UUIDv7 that grow strictly within one process, also when the clock stands still or steps back.

    The sequence starts low at random every millisecond; when it overflows, the maker borrows the next
    millisecond.
    """

    def __init__(
        self,
        ms_now: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        random_bits: Callable[[int], int] = secrets.randbits,
    ) -> None:
        self._ms_now = ms_now
        self._random_bits = random_bits
        self._lock = threading.Lock()
        self._ms = -1
        self._sequence = 0

    def __call__(self) -> UUID:
        tail = self._random_bits(62)
        with self._lock:
            ms = self._ms_now()
            if ms > self._ms:
                self._ms, self._sequence = ms, self._random_bits(11)
            elif self._sequence < 0xFFF:
                self._sequence += 1
            else:
                self._ms, self._sequence = self._ms + 1, self._random_bits(11)
            return compose_uuid7(self._ms, self._sequence, tail)


_new_uuid = Uuid7Maker()


def _base32(value: int) -> str:
    return "".join([_PAIRS[value >> shift & 0x3FF] for shift in range(120, -1, -10)])


def _from_base32(text: str) -> int | None:
    """The 128-bit value of canonical text, None for anything else."""
    if len(text) != _TEXT_LENGTH or text[0] > "7":
        return None
    value = 0
    for character in text:
        digit = _VALUE_OF.get(character)
        if digit is None:
            return None
        value = value << 5 | digit
    return value


@dataclass(frozen=True, slots=True, order=True, repr=False)
class Id:
    """An identifier of one kind. Ids order by their UUID (so by time of making) within their kind only."""

    uuid: UUID
    prefix: ClassVar[str] = ""

    def __post_init__(self) -> None:
        if not self.prefix:
            raise TypeError("an id has a kind: use a subclass of Id")
        if not isinstance(self.uuid, UUID):
            raise Invalid("id", "wraps a UUID")

    @classmethod
    def new(cls) -> Self:
        """A fresh id, larger than every id made before in this process."""
        return cls(_new_uuid())

    @classmethod
    def parse(cls, text: str) -> Self:
        """The id written `text`. Raises Invalid unless it is the canonical text of this kind of id."""
        head = cls.prefix + "_"
        value = _from_base32(text[len(head) :]) if text.startswith(head) else None
        if value is None:
            rule = f"{head} and {_TEXT_LENGTH} characters of lower-case Crockford base32"
            raise Invalid(f"{cls.__name__}", rule)
        return cls(UUID(int=value))

    @property
    def bucket(self) -> int:
        """0..63, from the last six bits of the random tail; never changes."""
        return self.uuid.int & (BUCKETS - 1)

    def __hash__(self) -> int:
        return hash((self.__class__, self.uuid))

    def __str__(self) -> str:
        return f"{self.prefix}_{_base32(self.uuid.int)}"

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}({self})"


class PersonId(Id):
    """A person with an account."""

    __slots__ = ()
    prefix = "per"


class DriverId(Id):
    """A record of the driver register."""

    __slots__ = ()
    prefix = "drv"


class ApplicationId(Id):
    """An application for an electronic licence."""

    __slots__ = ()
    prefix = "app"


class LicenceId(Id):
    """An electronic licence; its versions share it."""

    __slots__ = ()
    prefix = "lic"


class CredentialId(Id):
    """A licence bound to one phone."""

    __slots__ = ()
    prefix = "crd"


class PhoneKeyId(Id):
    """A key made in and never leaving one phone."""

    __slots__ = ()
    prefix = "pky"


class FaceCheckId(Id):
    """One live-person check, usable once."""

    __slots__ = ()
    prefix = "fch"


class SessionId(Id):
    """A login."""

    __slots__ = ()
    prefix = "ses"


class VerificationId(Id):
    """One verification of a shown code."""

    __slots__ = ()
    prefix = "vrf"


class VerifierId(Id):
    """An officer's device or a company that verifies."""

    __slots__ = ()
    prefix = "ver"


class ImportId(Id):
    """One run of the register import."""

    __slots__ = ()
    prefix = "imp"


class UploadId(Id):
    """One register file sent over HTTP."""

    __slots__ = ()
    prefix = "upl"


class SourceId(Id):
    """A register that tells of its changes."""

    __slots__ = ()
    prefix = "src"


class AuditId(Id):
    """One entry of the audit record."""

    __slots__ = ()
    prefix = "aud"


class EventId(Id):
    """One event in the outbox."""

    __slots__ = ()
    prefix = "evt"


class WaveId(Id):
    """One wave of a rollout."""

    __slots__ = ()
    prefix = "wav"


class PhotoId(Id):
    """A photo a holder sent for their licence."""

    __slots__ = ()
    prefix = "pho"


class MessageId(Id):
    """One message to a person."""

    __slots__ = ()
    prefix = "msg"


class StaffId(Id):
    """A member of staff: an officer, a clerk, an administrator."""

    __slots__ = ()
    prefix = "stf"


class StaffSessionId(Id):
    """A login of a member of staff."""

    __slots__ = ()
    prefix = "sss"


class LookUpId(Id):
    """One look-up of a driver by number."""

    __slots__ = ()
    prefix = "lkp"


class ProposalId(Id):
    """Something one member of staff proposes and another decides."""

    __slots__ = ()
    prefix = "prp"


class CompanyId(Id):
    """A company that may ask about drivers."""

    __slots__ = ()
    prefix = "com"


class ConsentRequestId(Id):
    """One request of a company that a driver answers."""

    __slots__ = ()
    prefix = "crq"


class ConsentId(Id):
    """One standing consent of a driver to a company."""

    __slots__ = ()
    prefix = "cns"


class PasskeyId(Id):
    """A WebAuthn credential of a person."""

    __slots__ = ()
    prefix = "psk"


class HeldActId(Id):
    """Something done after a holding time: a change of mobile, the closing of an account."""

    __slots__ = ()
    prefix = "hld"


class AgreementId(Id):
    """One entry of what a person agreed to."""

    __slots__ = ()
    prefix = "agr"


class PseudonymId(Id):
    """A driver as one company knows them: made from a keyed hash, so no UUIDv7."""

    __slots__ = ()
    prefix = "psn"


class NoticeId(Id):
    """One change notice to a company's webhook."""

    __slots__ = ()
    prefix = "ntc"


class CorrectionRequestId(Id):
    """What a person asks to have put right."""

    __slots__ = ()
    prefix = "cor"
