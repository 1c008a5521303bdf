"""The record that an engine's thresholds were measured on an operator's own pairs of faces: signed, and bound to engine,
version and models.

docs/face-dlib.md gives its form, `./lz face calibrate` makes it. Without one that holds, an engine passes nobody.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Final

import msgspec

from liangzheng.infra.face_rates import upper_limit
from liangzheng.kernel.errors import Invalid, Unavailable
from liangzheng.standards.errors import BadKey, BadSignature
from liangzheng.standards.keys import PublicKey, Signer

DOMAIN: Final = b"LZ-FACE-CALIBRATION-1\x00"
LARGEST_OCTETS: Final = 64 * 1024
LEAST_PAIRS: Final = 300
"""Of each sort. No error in 300 bounds a rate at 1 % with 95 % confidence (3/N)."""
MOST_FALSE_MATCHES: Final = 0.01
"""By the upper limit of what was counted: an engine that may take more strangers for one person passes nobody alone."""


class Calibration(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What was measured. Distances: at most `pass_at_most` passes, above `fail_above` fails, between a person decides."""

    engine: str
    version: str
    """Of the engine's library."""
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
    not_compared: int
    """Pairs with no single face in a picture; they are in neither rate."""
    measured_on: str

    def is_for(self, engine: str, version: str, models: str) -> bool:
        """Whether it was measured with this engine, in this version, with these very models."""
        return (self.engine, self.version, self.models) == (engine, version, models)

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
        if upper_limit(self.false_matches, self.other_pairs) > MOST_FALSE_MATCHES:
            return f"at most {MOST_FALSE_MATCHES:.0%} false matches, with 95 % confidence"
        return None


class _Signed(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    record: str
    signature: str


def signed_calibration(calibration: Calibration, signer: Signer) -> bytes:
    """The file of a record. Raises Invalid for one that shows nothing."""
    fault = calibration.fault()
    if fault is not None:
        raise Invalid("pairs", fault)
    record = msgspec.json.encode(calibration)
    signature = signer.sign(DOMAIN + record)
    return msgspec.json.encode(
        _Signed(base64.b64encode(record).decode(), base64.b64encode(signature).decode())
    )


def read_calibration(file: Path, key_file: Path, engine: str, version: str, models: str) -> Calibration:
    """The record in `file`, signed by the key in `key_file` (P-256, SubjectPublicKeyInfo, DER), for this engine in this version
    and these models.

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
    if not found.is_for(engine, version, models):
        raise Invalid(
            "LZ_FACE_CALIBRATION", "names a record of this engine, its version and these very models"
        )
    fault = found.fault()
    if fault is not None:
        raise Invalid("LZ_FACE_CALIBRATION", fault)
    return found
