"""The trust bundle: which keys may sign credentials and snapshots, for which province, and when they did.

    payload = {6: issued_at, -65540: [version, root certificate, [entry, …]]}
    entry   = [kid, role, province / null, alg, certificate, signed_from, signed_until, compromised_at / null]

Signed by the root and nobody else. Retired keys stay, with the window in which they signed, so that a
credential is judged by the time it was made; a key found to be compromised is dated, and what it signed
from then on is refused. A verifier remembers the highest version it has seen and takes no older one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from liangzheng.standards import cbor, cose, x509
from liangzheng.standards.errors import BadCertificate, BadSignature, BadTrust, Malformed
from liangzheng.standards.keys import Alg, PublicKey, Signer
from liangzheng.standards.x509 import Role

_CLAIM: Final = -65540
_IAT: Final = 6
_ROLE_NUMBER: Final = {Role.DOCUMENT: 1, Role.STATUS: 2, Role.AUDIT: 3}
_ROLE_OF: Final = {number: role for role, number in _ROLE_NUMBER.items()}
_PROVINCE: Final = re.compile(r"CN-[0-9]{2}")
MAX_OCTETS: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class TrustEntry:
    """One key the root vouches for. Times are epoch seconds; the window holds `signed_from` and
    `signed_until`."""

    role: Role
    province: str | None
    """`CN-32` for a document signer; None for the status and audit signers, which serve all."""
    certificate: bytes
    signed_from: int
    signed_until: int
    compromised_at: int | None = None
    key: PublicKey = field(init=False, repr=False)
    kid: bytes = field(init=False)

    def __post_init__(self) -> None:
        certificate = x509.Certificate.load(self.certificate)
        object.__setattr__(self, "key", certificate.key)
        object.__setattr__(self, "kid", certificate.key.kid)
        if (self.role is Role.DOCUMENT) != (self.province is not None):
            raise BadTrust("a document signer has a province, the others have none")
        if self.province is not None and not _PROVINCE.fullmatch(self.province):
            raise BadTrust("an entry names no province")
        if not certificate.not_before <= self.signed_from <= self.signed_until <= certificate.not_after:
            raise BadTrust("an entry's window is not within its certificate's validity")

    @property
    def alg(self) -> Alg:
        return self.key.alg

    def why_not_at(self, at: int) -> str | None:
        """Why a signature dated `at` is not taken from this key; None when it is."""
        if self.compromised_at is not None and at >= self.compromised_at:
            return "signed after its key was compromised"
        if not self.signed_from <= at <= self.signed_until:
            return "signed outside its key's window"
        return None


@dataclass(frozen=True, slots=True)
class TrustBundle:
    """The keys of one version of the bundle. `load` is the way in for verifiers."""

    version: int
    issued_at: int
    """Epoch seconds."""
    root: PublicKey
    entries: tuple[TrustEntry, ...]
    _of_kid: Mapping[bytes, TrustEntry] = field(repr=False)

    @classmethod
    def load(cls, octets: bytes, root: PublicKey | bytes, *, not_older_than: int = 0) -> TrustBundle:
        """Read and check a signed bundle.

        `root`: the pinned root key, or SHA-256 of its SubjectPublicKeyInfo. Raises BadTrust when the bundle
        is not the root's, is older than version `not_older_than`, or any entry is not the root's or is at
        odds with itself.
        """
        try:
            bundle = _open(octets, root)
        except (Malformed, BadCertificate, BadSignature) as fault:
            raise BadTrust(f"trust bundle: {fault}") from None
        if bundle.version < not_older_than:
            raise BadTrust(
                f"trust bundle: version {bundle.version} is older than {not_older_than}, seen before"
            )
        return bundle

    def find(self, kid: bytes, role: Role) -> TrustEntry | None:
        """The entry of that key in that role; None also for a key that is there in the other role."""
        entry = self._of_kid.get(kid)
        return entry if entry is not None and entry.role is role else None


def sign_trust_bundle(
    version: int, issued_at: int, root_certificate: bytes, entries: Iterable[TrustEntry], root: Signer
) -> bytes:
    """The signed octets of a bundle, `version` higher than any before. Entries go in the order given."""
    rows = [
        [
            entry.kid,
            _ROLE_NUMBER[entry.role],
            entry.province,
            int(entry.alg),
            entry.certificate,
            entry.signed_from,
            entry.signed_until,
            entry.compromised_at,
        ]
        for entry in entries
    ]
    payload = cbor.encode({_IAT: issued_at, _CLAIM: [version, root_certificate, rows]})
    return cose.sign(payload, root)


def _open(octets: bytes, pinned: PublicKey | bytes) -> TrustBundle:
    if len(octets) > MAX_OCTETS:
        raise BadTrust("trust bundle: larger than one can be")
    signed = cose.parse(octets)
    claims = cbor.decode(signed.payload, max_octets=MAX_OCTETS)
    issued_at, version, root_der, rows = _items(claims)
    root = x509.Certificate.load(root_der)
    fingerprint = pinned if isinstance(pinned, bytes) else pinned.fingerprint
    if root.key.fingerprint != fingerprint:
        raise BadTrust("trust bundle: made by another root than the pinned one")
    if signed.kid != root.key.kid:
        raise BadTrust("trust bundle: its header does not name the root's key")
    root.key.verify(signed.to_be_signed, signed.signature)
    x509.check_root(root)
    entries = tuple(_entry(row, root) for row in rows)
    of_kid = {entry.kid: entry for entry in entries}
    if len(of_kid) != len(entries) or root.key.kid in of_kid:
        raise BadTrust("trust bundle: two keys with one key id")
    return TrustBundle(version, issued_at, root.key, entries, MappingProxyType(of_kid))


def _items(claims: Any) -> tuple[int, int, bytes, list[Any]]:
    inner = claims.get(_CLAIM) if type(claims) is dict and set(claims) == {_IAT, _CLAIM} else None
    if type(inner) is not list or len(inner) != 3:
        raise Malformed("not the claims of a trust bundle")
    issued_at = claims[_IAT]
    version, root_der, rows = inner
    kinds = (type(issued_at), type(version), type(root_der), type(rows))
    if kinds != (int, int, bytes, list) or version < 1 or issued_at < 0:
        raise Malformed("not the claims of a trust bundle")
    return issued_at, version, root_der, rows


def _entry(row: Any, root: x509.Certificate) -> TrustEntry:
    try:
        kid, role, province, alg, certificate, signed_from, signed_until, compromised_at = row
        entry = TrustEntry(_ROLE_OF[role], province, certificate, signed_from, signed_until, compromised_at)
    except (TypeError, KeyError, ValueError) as fault:
        raise fault if isinstance(fault, (BadTrust, BadCertificate)) else Malformed("not an entry") from None
    times = (
        (signed_from, signed_until) if compromised_at is None else (signed_from, signed_until, compromised_at)
    )
    if any(type(time) is not int for time in times):
        raise Malformed("an entry's times are not epoch seconds")
    if (entry.kid, int(entry.alg)) != (kid, alg):
        raise BadTrust("trust bundle: an entry's certificate holds another key than the entry names")
    x509.check_chain(x509.Certificate.load(certificate), root, entry.role)
    return entry
