"""The trust bundle: only the root makes one, an older one is not taken, and its entries agree with themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from liangzheng.standards import cbor, cose, x509
from liangzheng.standards.errors import BadTrust
from liangzheng.standards.keys import Alg, SoftwareSigner
from liangzheng.standards.trust import TrustBundle, TrustEntry, sign_trust_bundle
from liangzheng.standards.x509 import Role
from tests.standards.making import AT, DAY, HOUR, NOW, Deployment, deployment

both = pytest.mark.parametrize("alg", list(Alg))


def rows_of(place: Deployment) -> list[list[Any]]:
    claims = cbor.decode(cose.parse(place.bundle(place.entries)).payload)
    rows: list[list[Any]] = claims[-65540][2]
    return rows


def bundle_of(place: Deployment, claims: Any, signer: SoftwareSigner | None = None) -> bytes:
    return cose.sign(cbor.encode(claims), signer or place.root)


@both
def test_a_bundle_of_the_root_is_taken_by_key_or_by_fingerprint(alg: Alg) -> None:
    place = deployment(alg)
    octets = place.bundle(place.entries, version=9)
    for pinned in (place.root.public_key, place.root.public_key.fingerprint):
        bundle = TrustBundle.load(octets, pinned, not_older_than=9)
        assert (bundle.version, bundle.issued_at) == (9, AT - HOUR)
        assert bundle.entries == place.entries


@both
def test_a_key_is_found_in_its_role_only(alg: Alg) -> None:
    place = deployment(alg)
    document = place.trust.find(place.jiangsu.kid, Role.DOCUMENT)
    assert document is not None
    assert (document.province, document.key) == ("CN-32", place.jiangsu.public_key)
    assert place.trust.find(place.jiangsu.kid, Role.STATUS) is None
    assert place.trust.find(place.status.kid, Role.DOCUMENT) is None
    assert place.trust.find(place.root.kid, Role.DOCUMENT) is None
    assert place.trust.find(b"12345678", Role.DOCUMENT) is None


@both
def test_another_root_is_not_believed(alg: Alg) -> None:
    place = deployment(alg)
    octets = place.bundle(place.entries)
    for pinned in (SoftwareSigner.generate(alg).public_key, bytes(32), place.jiangsu.public_key):
        with pytest.raises(BadTrust, match="another root"):
            TrustBundle.load(octets, pinned)


@both
def test_a_signer_under_the_root_cannot_make_a_bundle(alg: Alg) -> None:
    place = deployment(alg)
    for signer in (place.jiangsu, place.status, SoftwareSigner.generate(alg)):
        octets = sign_trust_bundle(8, AT, place.root_certificate, place.entries, signer)
        with pytest.raises(BadTrust, match="header"):
            TrustBundle.load(octets, place.root.public_key)
        # Nor by claiming the root's key id.
        named = cose.to_be_signed(alg, place.root.kid, cose.parse(octets).payload)
        with pytest.raises(BadTrust):
            TrustBundle.load(cose.seal(named, signer.sign(named)), place.root.public_key)


@both
def test_an_older_bundle_than_one_seen_is_refused(alg: Alg) -> None:
    place = deployment(alg)
    octets = place.bundle(place.entries, version=7)
    assert TrustBundle.load(octets, place.root.public_key, not_older_than=7).version == 7
    with pytest.raises(BadTrust, match="older"):
        TrustBundle.load(octets, place.root.public_key, not_older_than=8)


@both
def test_no_changed_octet_passes(alg: Alg) -> None:
    place = deployment(alg)
    octets = place.bundle(place.entries)
    for at in range(0, len(octets), 3):
        changed = bytearray(octets)
        changed[at] ^= 1
        with pytest.raises(BadTrust):
            TrustBundle.load(bytes(changed), place.root.public_key)
    for other in (octets[:-1], octets + b"\0", b"", b"\xd2" + octets):
        with pytest.raises(BadTrust):
            TrustBundle.load(other, place.root.public_key)


@both
def test_one_key_cannot_stand_twice_or_be_the_root(alg: Alg) -> None:
    place = deployment(alg)
    entry = place.entries[0]
    with pytest.raises(BadTrust, match="one key id"):
        place.trusting(entry, replace(entry, signed_from=entry.signed_from + 1))
    own = replace(entry, certificate=place.certificate(place.root, Role.DOCUMENT))
    with pytest.raises(BadTrust, match="one key id"):
        place.trusting(own)


@both
def test_a_certificate_of_another_role_or_root_is_refused(alg: Alg) -> None:
    place = deployment(alg)
    key = SoftwareSigner.generate(alg)
    wrong_role = place.certificate(key, Role.STATUS)
    with pytest.raises(BadTrust, match="role"):
        place.trusting(replace(place.entries[0], certificate=wrong_role))
    impostor = SoftwareSigner.generate(alg)
    window = {"not_before": NOW.replace(year=2020), "not_after": NOW.replace(year=2030)}
    root = x509.make_root(impostor, organisation="亮证演示", **window)
    foreign = x509.make_signer(root, impostor, key.public_key, Role.DOCUMENT, name="CN-32", **window)
    with pytest.raises(BadTrust, match=r"another root|outside its root"):
        place.trusting(replace(place.entries[0], certificate=foreign))


@both
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"province": None}, "has a province"),
        ({"province": "CN-3"}, "no province"),
        ({"province": "Jiangsu"}, "no province"),
        ({"role": Role.STATUS}, "has a province"),
        ({"signed_from": AT - 61 * DAY}, "window"),
        ({"signed_until": AT + 31 * DAY}, "window"),
        ({"signed_from": AT + 16 * DAY}, "window"),
    ],
)
def test_an_entry_at_odds_with_itself_is_never_made(alg: Alg, changes: dict[str, Any], why: str) -> None:
    with pytest.raises(BadTrust, match=why):
        replace(deployment(alg).entries[0], **changes)


@pytest.mark.parametrize(
    ("item", "value"),
    [(0, b"12345678"), (1, 3), (1, 2), (2, None), (2, 32), (3, -65537), (3, -8), (4, b""), (4, "x"), (5, "x"),
     (5, AT * 10), (6, 0), (6, True), (7, "x"), (7, True)],
)  # fmt: skip
def test_a_row_that_says_something_else_is_refused(item: int, value: Any) -> None:
    place = deployment(Alg.ES256)
    rows = rows_of(place)
    rows[0][item] = value
    octets = bundle_of(place, {6: AT, -65540: [1, place.root_certificate, rows]})
    with pytest.raises(BadTrust):
        TrustBundle.load(octets, place.root.public_key)


@pytest.mark.parametrize("rows", [[[]], [None], [["x"] * 8], "x", None, [[1] * 7], [[1] * 9]])
def test_other_rows_are_refused(rows: Any) -> None:
    place = deployment(Alg.ES256)
    octets = bundle_of(place, {6: AT, -65540: [1, place.root_certificate, rows]})
    with pytest.raises(BadTrust):
        TrustBundle.load(octets, place.root.public_key)


def test_other_claims_are_refused() -> None:
    place = deployment(Alg.ES256)
    root = place.root_certificate
    for claims in (
        [], {}, 5, {6: AT}, {6: AT, -65540: []}, {6: AT, -65540: [0, root, []]}, {6: AT, -65540: [1, "x", []]},
        {6: "x", -65540: [1, root, []]}, {6: AT, -65540: [True, root, []]}, {6: -1, -65540: [1, root, []]},
        {6: AT, -65540: [1, root, []], 7: 1}, {6: AT, -65540: [1, root, [], 1]}, {6: AT, -65537: [1, root, []]},
    ):  # fmt: skip
        with pytest.raises(BadTrust):
            TrustBundle.load(bundle_of(place, claims), place.root.public_key)


def test_a_root_certificate_that_is_no_root_is_refused() -> None:
    place = deployment(Alg.ES256)
    leaf = place.entry(place.jiangsu).certificate
    octets = sign_trust_bundle(1, AT, leaf, (), place.jiangsu)
    with pytest.raises(BadTrust):
        TrustBundle.load(octets, place.jiangsu.public_key)


def test_a_bundle_larger_than_any_is_not_looked_at() -> None:
    with pytest.raises(BadTrust, match="larger"):
        TrustBundle.load(bytes((4 << 20) + 1), bytes(32))
    with pytest.raises(BadTrust, match="cose"):
        TrustBundle.load(bytes(4 << 20), bytes(32))


def test_the_least_version_and_time_are_taken() -> None:
    place = deployment(Alg.ES256)
    octets = bundle_of(place, {6: 0, -65540: [1, place.root_certificate, []]})
    bundle = TrustBundle.load(octets, place.root.public_key)
    assert (bundle.version, bundle.issued_at, bundle.entries) == (1, 0, ())


def test_a_window_may_be_all_of_its_certificate_or_one_second() -> None:
    entry = deployment(Alg.ES256).entries[0]
    certificate = x509.Certificate.load(entry.certificate)
    whole = replace(entry, signed_from=certificate.not_before, signed_until=certificate.not_after)
    assert replace(whole, signed_until=whole.signed_from).why_not_at(whole.signed_from) is None


def test_a_window_holds_both_its_ends_and_a_compromise_its_own_second() -> None:
    entry = replace(deployment(Alg.ES256).entries[0], compromised_at=AT)
    assert entry.why_not_at(entry.signed_from) is None
    assert entry.why_not_at(entry.signed_from - 1) is not None
    assert entry.why_not_at(AT - 1) is None
    assert entry.why_not_at(AT) == "signed after its key was compromised"
    unharmed = replace(entry, compromised_at=None)
    assert unharmed.why_not_at(entry.signed_until) is None
    assert unharmed.why_not_at(entry.signed_until + 1) is not None


def test_a_retired_key_stays_with_its_window() -> None:
    place = deployment(Alg.ES256)
    retired = place.entry(place.jiangsu, signed_until=AT - 20 * DAY)
    read = place.trusting(retired).entries[0]
    assert isinstance(read, TrustEntry)
    assert read == retired
