"""Trust bundles, status lists and licence documents for the browser's verifier, good and changed, with what this program
says of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from random import Random
from typing import Any

from liangzheng.standards import cbor, cose, document, statuslist
from liangzheng.standards.errors import BadSignature, BadTrust, Malformed
from liangzheng.standards.keys import Alg
from liangzheng.standards.livecode import CredentialClaims, TrustBundle
from liangzheng.standards.statuslist import StatusList, StatusListToken, sign_status_list
from liangzheng.standards.x509 import Certificate
from tests.standards.making import AT, CLAIMS, DAY, DOCUMENT, HOUR, PORTRAIT, Deployment, deployment
from tests.standards.showings.frame import default_bundle, stranger
from tests.web import mutator

SEED = 20261121


def root_of(place: Deployment) -> str:
    """SHA-256 of the root's key: what a verifier pins."""
    return place.root.public_key.fingerprint.hex()


# --- trust bundles ------------------------------------------------------------------------------------


def bundles(alg: Alg) -> dict[str, Any]:
    place = deployment(alg)
    cases = [
        {"name": name, "root": (root or place.root.public_key.fingerprint).hex(), "octets": octets.hex()}
        | {
            "notOlderThan": least,
            "version": version_of(octets, root or place.root.public_key.fingerprint, least),
        }
        for name, octets, root, least in _bundles(place)
    ]
    return {"cases": cases}


def version_of(octets: bytes, root: bytes, least: int) -> int | None:
    try:
        return TrustBundle.load(octets, root, not_older_than=least).version
    except BadTrust:
        return None


def _bundles(place: Deployment) -> Iterator[tuple[str, bytes, bytes | None, int]]:
    good = place.bundle(place.entries)
    claims = cbor.decode(cose.parse(good).payload)
    yield "good", good, None, 0
    yield "of the version seen", good, None, 7
    yield "older than seen", good, None, 8
    yield "with nothing in it", place.bundle(()), None, 0
    yield "of another root", good, stranger(place.alg).public_key.fingerprint, 0
    yield "with something after it", good + b"\0", None, 0
    under_another = cose.to_be_signed(place.alg, place.jiangsu.kid, cbor.encode(claims))
    yield "under another key id", cose.seal(under_another, place.root.sign(under_another)), None, 0
    yield "of a list", cose.sign(cbor.encode([claims]), place.root), None, 0
    yield "signed by a signer", cose.sign(cbor.encode(claims), place.jiangsu), None, 0
    for name, change in _changes_of_claims(place).items():
        changed = cbor.decode(cbor.encode(claims))
        change(changed)
        yield name, cose.sign(cbor.encode(changed), place.root), None, 0
    random = Random(SEED)
    for splice in islice(mutator.octet_splices(random, good), 30):
        yield "octets changed", mutator.applied(good, splice), None, 0
    payload = cbor.encode(claims)
    for splice in islice(mutator.octet_splices(random, payload), 30):
        yield (
            "octets changed and signed anew",
            cose.sign(mutator.applied(payload, splice), place.root),
            None,
            0,
        )


def _changes_of_claims(place: Deployment) -> dict[str, Callable[[dict[int, Any]], Any]]:
    def put(at: int, value: Any) -> Callable[[dict[int, Any]], Any]:
        return lambda claims: claims[-65540][2][0].__setitem__(at, value)

    def rows(claims: dict[int, Any]) -> list[Any]:
        found: list[Any] = claims[-65540][2]
        return found

    return {
        "signed anew": lambda claims: None,
        "with one claim more": lambda claims: claims.__setitem__(1, "CN"),
        "of version 0": lambda claims: claims[-65540].__setitem__(0, 0),
        "of version 1": lambda claims: claims[-65540].__setitem__(0, 1),
        "made in 1970": lambda claims: claims.__setitem__(6, 0),
        "with a window of one second": put(5, AT + 15 * DAY),
        "with a window as long as its certificate": lambda claims: rows(claims)[0].__setitem__(
            slice(5, 7), _validity_of(rows(claims)[0][4])
        ),
        "with a window a second too early": put(5, _validity_of(place.entries[0].certificate)[0] - 1),
        "with a window a second too long": put(6, _validity_of(place.entries[0].certificate)[1] + 1),
        "made before 1970": lambda claims: claims.__setitem__(6, -1),
        "of a version that is a text": lambda claims: claims[-65540].__setitem__(0, "7"),
        "made at a time that is a text": lambda claims: claims.__setitem__(6, "now"),
        "with a root that is a text": lambda claims: claims[-65540].__setitem__(1, "root"),
        "with entries that are no list": lambda claims: claims[-65540].__setitem__(2, {}),
        "with one part more": lambda claims: claims[-65540].append(1),
        "with a key id that is a text": put(0, "12345678"),
        "with a certificate that is a text": put(4, "certificate"),
        "with a role that is a text": put(1, "document"),
        "with an entry twice": lambda claims: rows(claims).append(rows(claims)[0]),
        "with an entry for another key": put(0, b"12345678"),
        "with an entry of another role": put(1, 2),
        "with an entry of no role": put(1, 9),
        "with a document signer of no province": put(2, None),
        "with a province there cannot be": put(2, "CN-3x"),
        "with an entry of another algorithm": put(3, -8),
        "with the other algorithm": put(3, int(Alg.SM2 if place.alg is Alg.ES256 else Alg.ES256)),
        "with a window before its certificate": put(5, AT - 400 * DAY),
        "with a window after its certificate": put(6, AT + 400 * DAY),
        "with a window turned round": put(5, AT + 16 * DAY),
        "with a key compromised": put(7, AT - DAY),
        "with a time that is a text": put(7, "never"),
        "with an entry's time that is true": put(5, True),
        "with the root among its entries": lambda claims: rows(claims)[0].__setitem__(4, claims[-65540][1]),
        "with a status signer of a province": lambda claims: rows(claims)[2].__setitem__(2, "CN-32"),
        "with a short entry": lambda claims: rows(claims)[0].pop(),
        "with an entry that is no list": lambda claims: rows(claims).__setitem__(0, 1),
        "with a signer for its root": lambda claims: claims[-65540].__setitem__(1, rows(claims)[0][4]),
        "with a certificate cut short": lambda claims: rows(claims)[0].__setitem__(
            4, rows(claims)[0][4][:-1]
        ),
    }


def _validity_of(der: bytes) -> tuple[int, int]:
    certificate = Certificate.load(der)
    return certificate.not_before, certificate.not_after


# --- status lists -------------------------------------------------------------------------------------

URI = "/open/status-lists/3"


def status_lists(alg: Alg) -> dict[str, Any]:
    place = deployment(alg)
    listed = StatusList.blank(2)
    values = {CLAIMS.status_index: 2, 0: 1, 1: 2, 77_777: 1, (1 << 20) - 1: 2}
    for index, value in values.items():
        listed[index] = value
    random = Random(SEED)
    for index in random.sample(range(200_000, 400_000), 1000):
        listed[index] = random.choice((1, 2))
    token = StatusListToken(URI, AT - HOUR, AT + 71 * HOUR, 300, listed)
    good = sign_status_list(token, place.status)
    cases: dict[str, tuple[bytes, str, int]] = {
        "good": (good, URI, AT),
        "in its last second": (good, URI, token.exp - 1),
        "run out": (good, URI, token.exp),
        "asked for under another name": (good, "/open/status-lists/4", AT),
        "of a document signer": (sign_status_list(token, place.jiangsu), URI, AT),
        "of a stranger": (sign_status_list(token, stranger(alg)), URI, AT),
        "before its key's window": (
            sign_status_list(replace(token, iat=AT - 46 * DAY, exp=AT + DAY), place.status),
            URI,
            AT,
        ),
        "without its tag": (good[1:], URI, AT),
        "under another tag": (b"\xd3" + good[1:], URI, AT),
        "with something after it": (good + b"\0", URI, AT),
        "of one bit": (
            sign_status_list(replace(token, status_list=StatusList.blank(1, 1000)), place.status),
            URI,
            AT,
        ),
        "of entries that take no room": (
            sign_status_list(replace(token, status_list=StatusList(2, random.randbytes(3000))), place.status),
            URI,
            AT,
        ),
    }
    cases |= {f"claims {name}": (octets, URI, AT) for name, octets in _odd_lists(place, token)}
    small = sign_status_list(replace(token, status_list=StatusList(2, random.randbytes(40))), place.status)
    for number, splice in enumerate(islice(mutator.octet_splices(random, small), 40)):
        cases[f"octets changed, {number}"] = (mutator.applied(small, splice), URI, AT)
    signed = cose.parse(small[1:], statuslist._SHAPE)
    for number, splice in enumerate(islice(mutator.octet_splices(random, signed.payload), 80)):
        payload = mutator.applied(signed.payload, splice)
        cases[f"octets changed and signed anew, {number}"] = (
            b"\xd2" + cose.sign(payload, place.status, statuslist._SHAPE),
            URI,
            AT,
        )
    return {
        "root": root_of(place),
        "bundle": default_bundle(alg).hex(),
        "cases": [
            {
                "name": name,
                "octets": octets.hex(),
                "uri": uri,
                "at": at,
                "list": list_in(place.trust, octets, uri, at),
            }
            for name, (octets, uri, at) in cases.items()
        ],
        "code": place.code(),
        "code with snapshot": place.code(snapshot=place.snapshot()),
        "code with newer snapshot": place.code(snapshot=place.snapshot(as_of=AT - 60)),
    }


def _odd_lists(place: Deployment, token: StatusListToken) -> Iterator[tuple[str, bytes]]:
    """Tokens of claims in their one encoding, an item of another value."""
    member = StatusList(2, bytes(4)).as_cbor()
    claims: dict[int, Any] = {2: URI, 4: token.exp, 6: token.iat, 65533: member, 65534: 300}
    changed: dict[str, dict[int, Any]] = {
        "whole": {},
        "with one claim more": {1: "CN"},
        "without a time to live": {65534: None},
        "with a time to live below nought": {65534: -1},
        "with a time to live too long": {65534: 2**32},
        "with a name that is empty": {2: ""},
        "with a name that hides something": {2: URI + "\u200b"},
        "with times turned round": {4: token.iat, 6: token.exp},
        "made in another age": {6: 65535},
        "with a list that is a number": {65533: 1},
        "with a list of three bits": {65533: member | {"bits": 3}},
        "with a list of bits that are a text": {65533: member | {"bits": "2"}},
        "with a list that holds more": {65533: member | {"more": 1}},
        "with a list that says where others are": {65533: member | {"aggregation_uri": "x"}},
        "with a list without entries": {65533: {"bits": 2}},
        "with a list that is no stream": {65533: member | {"lst": b"junk"}},
        "with the longest time to live": {65534: 2**32 - 1},
        "with none to live": {65534: 0},
    }
    for name, changes in changed.items():
        payload = cbor.encode(claims | changes)
        yield name, b"\xd2" + cose.sign(payload, place.status, statuslist._SHAPE)
    yield "in a list", b"\xd2" + cose.sign(cbor.encode([claims]), place.status, statuslist._SHAPE)


def list_in(trust: TrustBundle, octets: bytes, uri: str, at: int) -> dict[str, Any] | None:
    try:
        token = statuslist.verify_status_list(octets, trust, uri, at)
    except (Malformed, BadSignature):
        return None
    entries = token.status_list
    found = [index for index in range(min(len(entries), 200)) if entries[index]]
    at_ends = [
        index for index in (CLAIMS.status_index, 77_777, len(entries) - 1) if 0 <= index < len(entries)
    ]
    return {
        "iat": token.iat,
        "exp": token.exp,
        "ttl": token.ttl,
        "length": len(entries),
        "entries": {str(index): entries[index] for index in (*found, *at_ends)},
    }


# --- licence documents --------------------------------------------------------------------------------


def documents(alg: Alg) -> dict[str, Any]:
    place = deployment(alg)
    signed = document.sign_document(DOCUMENT, place.jiangsu)
    payload = DOCUMENT.encode()
    cases = {
        "good": document.pack_document(signed, PORTRAIT, None),
        **_with_fonts(signed, place),
        "with another portrait": cbor.encode([signed, PORTRAIT + b"x", None]),
        "of another province": cbor.encode(
            [document.sign_document(DOCUMENT, place.zhejiang), PORTRAIT, None]
        ),
        "of the status signer": cbor.encode([document.sign_document(DOCUMENT, place.status), PORTRAIT, None]),
        "of a stranger": cbor.encode([document.sign_document(DOCUMENT, stranger(alg)), PORTRAIT, None]),
        "of before its key": cbor.encode(
            [document.sign_document(replace(DOCUMENT, iat=AT - 46 * DAY), place.jiangsu), PORTRAIT, None]
        ),
        "of two parts": cbor.encode([signed, PORTRAIT]),
        "with a font that is a text": cbor.encode([signed, PORTRAIT, "font"]),
        "that is empty": b"",
        "with something after it": cbor.encode([signed, PORTRAIT, None]) + b"\0",
    }
    random = Random(SEED)
    for number, splice in enumerate(islice(mutator.octet_splices(random, payload), 80)):
        changed = cose.sign(mutator.applied(payload, splice), place.jiangsu)
        cases[f"octets changed and signed anew, {number}"] = cbor.encode([changed, PORTRAIT, None])
    for name, path, value in (
        ("times turned round", (4,), DOCUMENT.iat),
        ("a time that is a text", (4,), "never"),
        ("a nationality in small letters", (-65539, 5), "chn"),
        ("a validity turned round", (-65539, 10), 0),
        ("its items in a map", (-65539,), {}),
        ("a claim more", (2,), "x"),
    ):
        inner = whole = cbor.decode(payload)
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        cases[name] = cbor.encode([cose.sign(cbor.encode(whole), place.jiangsu), PORTRAIT, None])
    for count in (20, 22):
        whole = cbor.decode(payload)
        whole[-65539] = [*whole[-65539], b""][:count]
        cases[f"{count} items"] = cbor.encode([cose.sign(cbor.encode(whole), place.jiangsu), PORTRAIT, None])
    items = cbor.decode(payload)
    for number in range(80):
        other = cbor.decode(payload)
        other[-65539][random.randrange(21)] = random.choice(
            (*mutator._ODD, *mutator._TEXTS, 0, 1, 2, 1000, items[-65539][random.randrange(21)])
        )
        changed = cose.sign(cbor.encode(other), place.jiangsu)
        cases[f"items changed and signed anew, {number}"] = cbor.encode([changed, PORTRAIT, None])
    return {
        "root": root_of(place),
        "bundle": default_bundle(alg).hex(),
        "portrait": PORTRAIT.hex(),
        "code": place.code(),
        "cases": [
            {
                "name": name,
                "octets": octets.hex(),
                "document": document_in(place.trust, place.claims(), octets),
            }
            for name, octets in cases.items()
        ],
    }


def _with_fonts(without: bytes, place: Deployment) -> dict[str, bytes]:
    """Files with a font, signed and not, and documents whose items end in another way."""

    def naming(font: bytes) -> bytes:
        return document.sign_document(
            replace(DOCUMENT, font_sha256=document.font_sha256(font)), place.jiangsu
        )

    made = {
        "with a font": [naming(b"font"), PORTRAIT, b"font"],
        "with another font": [naming(b"font"), PORTRAIT, b"other"],
        "with its font left out": [naming(b"font"), PORTRAIT, None],
        "with a font nobody signed": [without, PORTRAIT, b"font"],
    }
    for name, more in (("a null", [None]), ("half a hash", [bytes(16)]), ("two hashes", [bytes(32)] * 2)):
        whole = cbor.decode(DOCUMENT.encode())
        whole[-65539] = [*whole[-65539], *more]
        changed = cose.sign(cbor.encode(whole), place.jiangsu)
        made[f"{name} at its end"] = [changed, PORTRAIT, None]
    return {name: cbor.encode(parts) for name, parts in made.items()}


def document_in(trust: TrustBundle, credential: CredentialClaims, octets: bytes) -> dict[str, Any] | None:
    try:
        opened = document.open_document(octets, trust)
    except (Malformed, BadSignature):
        return None
    claims = opened.claims
    return {
        "name": claims.name,
        "documentNumber": claims.document_number,
        "birthDate": claims.birth_date.isoformat(),
        "validUntil": claims.valid_until and claims.valid_until.isoformat(),
        "version": claims.version,
        "belongs": opened.belongs_to(credential),
        "font": opened.font and len(opened.font),
    }
