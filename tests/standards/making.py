"""A small deployment in memory: root, document signers of two provinces, a status signer, a phone.

For tests and micro benchmarks. Everybody in it is invented.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from liangzheng.standards import x509
from liangzheng.standards.document import DocumentClaims, portrait_sha256
from liangzheng.standards.keys import Alg, SoftwareSigner
from liangzheng.standards.livecode import (
    CredentialClaims,
    SnapshotClaims,
    TrustBundle,
    TrustEntry,
    Verifier,
    build_code,
    sign_credential,
    sign_snapshot,
    sign_trust_bundle,
)
from liangzheng.standards.x509 import Role

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
HOUR = 3600
DAY = 86400
PORTRAIT = b"\xff\xd8 not a real portrait"
LICENCE_ID = bytes(range(16))
ORGANISATION = "亮证演示"


@dataclass(frozen=True)
class Deployment:
    """The keys of one profile, and what the root says about them."""

    alg: Alg
    root: SoftwareSigner
    root_certificate: bytes
    jiangsu: SoftwareSigner
    zhejiang: SoftwareSigner
    status: SoftwareSigner
    phone: SoftwareSigner
    entries: tuple[TrustEntry, ...]
    trust: TrustBundle = field(repr=False)

    @property
    def verifier(self) -> Verifier:
        """A verifier that has seen nothing yet."""
        return Verifier(self.trust)

    def certificate(self, key: SoftwareSigner, role: Role, name: str = "CN-32") -> bytes:
        return x509.make_signer(
            self.root_certificate, self.root, key.public_key, role, name=name, **_months(-2, 1)
        )

    def bundle(self, entries: Iterable[TrustEntry], version: int = 7) -> bytes:
        return sign_trust_bundle(version, AT - HOUR, self.root_certificate, entries, self.root)

    def trusting(self, *entries: TrustEntry) -> TrustBundle:
        """The trust bundle with exactly these entries."""
        return TrustBundle.load(self.bundle(entries), self.root.public_key)

    def entry(self, key: SoftwareSigner, **changes: Any) -> TrustEntry:
        """The entry of that key, changed."""
        return replace(next(entry for entry in self.entries if entry.kid == key.kid), **changes)

    def claims(self, **changes: Any) -> CredentialClaims:
        return replace(CLAIMS, **{"phone_key": self.phone.public_key.compressed, **changes})

    def credential(self, signer: SoftwareSigner | None = None, **changes: Any) -> bytes:
        return sign_credential(self.claims(**changes), signer or self.jiangsu)

    def snapshot(self, signer: SoftwareSigner | None = None, **changes: Any) -> bytes:
        return sign_snapshot(replace(SNAPSHOT, **changes), signer or self.status)

    def code(
        self,
        credential: bytes | None = None,
        snapshot: bytes | None = None,
        *,
        shown_at: int = AT - 5,
        nonce: bytes = b"12345678",
        phone: SoftwareSigner | None = None,
    ) -> str:
        """A code that verifies unless something is handed in that does not."""
        return build_code(credential or self.credential(), snapshot, shown_at, nonce, phone or self.phone)


CLAIMS = CredentialClaims(
    issuer="CN-32",
    authority="苏E",
    licence_id=LICENCE_ID,
    version=1,
    status_list=3,
    status_index=123_456,
    name="张示例",
    masked_number="320***********1234",
    sex="male",
    classes="C1",
    valid_from=date(2021, 6, 9),
    valid_until=date(2027, 6, 9),
    portrait_hash=portrait_sha256(PORTRAIT)[:16],
    phone_key=b"\x02" + bytes(32),
    iat=AT - 30 * DAY,
    exp=AT + 300 * DAY,
)

SNAPSHOT = SnapshotClaims(
    licence_id=LICENCE_ID,
    version=1,
    status="A",
    points=3,
    may_drive=True,
    standing_version=5,
    as_of=AT - HOUR,
    exp=AT + 71 * HOUR,
)

DOCUMENT = DocumentClaims(
    issuer="CN-32",
    licence_id=LICENCE_ID,
    version=1,
    document_number="320500199001011234",
    name="张示例",
    sex="male",
    nationality="CHN",
    birth_date=date(1969, 12, 31),
    first_issue_date=date(2015, 6, 9),
    classes="C1",
    valid_from=date(2021, 6, 9),
    valid_until=None,
    points_at_issue=0,
    status_at_issue="A",
    card_core_number="3250012345678",
    resident_address="江苏省苏州市示例路1号",
    authority="苏E",
    authority_name="江苏省苏州市公安局交通警察支队",
    file_number="320500123456",
    record="",
    hearing_aid=False,
    portrait_sha256=hashlib.sha256(PORTRAIT).digest(),
    iat=AT - 30 * DAY,
    exp=AT + 300 * DAY,
)


@lru_cache
def deployment(alg: Alg) -> Deployment:
    """One deployment for each algorithm; making keys again for every test would only take time."""
    root, jiangsu, zhejiang, status = (SoftwareSigner.generate(alg) for _ in range(4))
    root_certificate = x509.make_root(root, organisation=ORGANISATION, **_months(-24, 96))
    signers = (
        (jiangsu, Role.DOCUMENT, "CN-32"),
        (zhejiang, Role.DOCUMENT, "CN-33"),
        (status, Role.STATUS, None),
    )
    entries = tuple(
        TrustEntry(
            role,
            province,
            x509.make_signer(
                root_certificate, root, key.public_key, role, name=province or "CN", **_months(-2, 1)
            ),
            signed_from=AT - 45 * DAY,
            signed_until=AT + 15 * DAY,
        )
        for key, role, province in signers
    )
    bundle = sign_trust_bundle(7, AT - HOUR, root_certificate, entries, root)
    return Deployment(
        alg,
        root,
        root_certificate,
        jiangsu,
        zhejiang,
        status,
        SoftwareSigner.generate(Alg.ES256),
        entries,
        TrustBundle.load(bundle, root.public_key),
    )


def _months(before: int, after: int) -> dict[str, datetime]:
    return {"not_before": NOW + timedelta(days=30 * before), "not_after": NOW + timedelta(days=30 * after)}
