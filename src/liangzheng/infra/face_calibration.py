"""The record that an engine's thresholds were measured on an operator's own pairs of faces: signed, and bound to the models.

docs/face-dlib.md gives its form. Without one that holds, an engine passes nobody.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Final

import msgspec

from liangzheng.kernel.errors import Invalid, Unavailable
from liangzheng.standards.errors import BadKey, BadSignature
from liangzheng.standards.keys import PublicKey

DOMAIN: Final = b"LZ-FACE-CALIBRATION-1\x00"
LARGEST_OCTETS: Final = 64 * 1024
LEAST_PAIRS: Final = 300
"""Of each sort. No error in 300 bounds a rate at 1 % with 95 % confidence (3/N)."""


class Calibration(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What was measured. Distances: at most `pass_at_most` passes, above `fail_above` fails, between a person decides."""

    engine: str
    models: str
    """SHA-256 over the octets of the models, in hexadecimal."""
    pass_at_most: float
    fail_above: float
    same_pairs: int
    other_pairs: int
    false_matches: int
    """Of the other pairs, at most `pass_at_most` apart."""
    false_non_matches: int
    """Of the same pairs, more than `fail_above` apart."""
    measured_on: str

    def fault(self) -> str | None:
        """Why it is no calibration, or None."""
        if not 0 < self.pass_at_most <= self.fail_above < 2:
            return "0 < pass_at_most ≤ fail_above < 2"
        if min(self.same_pairs, self.other_pairs) < LEAST_PAIRS:
            return f"at least {LEAST_PAIRS} pairs of each sort"
        if (
            not 0 <= self.false_matches <= self.other_pairs
            or not 0 <= self.false_non_matches <= self.same_pairs
        ):
            return "no more errors than pairs"
        return None


class _Signed(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    record: str
    signature: str


def read_calibration(file: Path, key_file: Path, engine: str, models: str) -> Calibration:
    """The record in `file`, signed by the key in `key_file` (P-256, SubjectPublicKeyInfo, DER), for this engine and these models.

    Raises Unavailable for files that cannot be read, Invalid for a record that is none, another's, or not signed.
    """
    try:
        octets, key = file.read_bytes(), PublicKey.from_spki(key_file.read_bytes())
    except OSError as error:
        raise Unavailable(f"the face calibration cannot be read: {error.strerror}") from None
    except BadKey:
        raise Invalid("LZ_FACE_CALIBRATION_KEY", "names a public key in DER") from None
    try:
        if len(octets) > LARGEST_OCTETS:
            raise ValueError
        signed = msgspec.json.decode(octets, type=_Signed)
        record = base64.b64decode(signed.record, validate=True)
        key.verify(DOMAIN + record, base64.b64decode(signed.signature, validate=True))
        found = msgspec.json.decode(record, type=Calibration)
    except (ValueError, msgspec.DecodeError, BadSignature):
        raise Invalid("LZ_FACE_CALIBRATION", "names a record signed by LZ_FACE_CALIBRATION_KEY") from None
    if (found.engine, found.models) != (engine, models):
        raise Invalid("LZ_FACE_CALIBRATION", "names a record of this engine and these very models")
    fault = found.fault()
    if fault is not None:
        raise Invalid("LZ_FACE_CALIBRATION", fault)
    return found
