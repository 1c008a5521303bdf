"""Certificates for the browser's verifier: every mistake of tests/standards/test_x509.py and some of its own, each signed all
the same, with what this program says of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from random import Random
from typing import Any

from asn1crypto import core
from asn1crypto import x509 as asn1
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509 import load_der_x509_certificate

from liangzheng.standards import x509
from liangzheng.standards.errors import BadCertificate
from liangzheng.standards.keys import Alg
from liangzheng.standards.x509 import Certificate, Role, check_chain, check_root
from tests.standards import test_x509
from tests.standards.making import Deployment, deployment
from tests.web import mutator

SEED = 20261121


def certificates(alg: Alg) -> dict[str, Any]:
    place = deployment(alg)
    return {
        "root": place.root_certificate.hex(),
        "cases": [
            {"name": name, "octets": der.hex(), "good": is_good(name, der, place.root_certificate)}
            for name, der in changed_certificates(place)
        ],
        "refused by the browser alone": [der.hex() for der in loose_certificates(place)],
    }


def loose_certificates(place: Deployment) -> Iterator[bytes]:
    """Signed by the root, and read here although no tool of ours would write them: one thing more inside, a serial number
    under another tag, `true` in a second form."""
    parsed = asn1.Certificate.load(place.entries[0].certificate)["tbs_certificate"]
    tbs, algorithm = parsed.dump(), {"algorithm": test_x509.OID[place.alg]}
    serial = tbs.index(b"\xa0\x03\x02\x01\x02") + 5
    true = tbs.index(b"\x01\x01\xff")
    for loose in (
        x509._tlv(0x30, parsed.contents + b"\xa4\x02\x05\0"),
        tbs[:serial] + b"\xc2" + tbs[serial + 1 :],
        tbs[:true] + b"\x01\x01\x01" + tbs[true + 3 :],
    ):
        yield x509.sign_tbs(loose, algorithm, place.root)


def is_good(name: str, der: bytes, root: bytes) -> bool:
    """Whether it is a root, or a document signer's certificate under `root`; the name says which it is to be."""
    try:
        read = Certificate.load(der)
        if name.startswith("root"):
            check_root(read)
        else:
            check_chain(read, Certificate.load(root), Role.DOCUMENT)
    except BadCertificate:
        return False
    return True


def changed_certificates(place: Deployment) -> Iterator[tuple[str, bytes]]:
    """Name and DER; the name begins with `root` or `signer`."""
    leaf, root = place.entries[0].certificate, place.root_certificate
    yield "signer, as it was", test_x509.changed(leaf, place.root, lambda content: None)
    yield "root, as it was", test_x509.changed(root, place.root, lambda content: None)
    for whose, der, test in (
        ("signer", leaf, test_x509.test_a_mistake_is_refused_even_when_the_root_signed_it),
        ("root", root, test_x509.test_a_root_with_a_mistake_is_no_root),
    ):
        mistakes = next(mark.args[1] for mark in test.pytestmark if "mistake" in mark.args[0])
        for change, why in mistakes:
            yield f"{whose}, {why}", test_x509.changed(der, place.root, change)
    yield from _of_our_own(place, leaf, root)
    random, algorithm = Random(SEED), {"algorithm": test_x509.OID[place.alg]}
    tbs = asn1.Certificate.load(leaf)["tbs_certificate"].dump()
    for splice in islice(mutator.octet_splices(random, tbs), 40):
        der = x509.sign_tbs(mutator.applied(tbs, splice), algorithm, place.root)
        # What is no DER asn1crypto may read all the same; the browser never does.
        if _is_der(der):
            yield "signer, octets changed", der


def _of_our_own(place: Deployment, leaf: bytes, root: bytes) -> Iterator[tuple[str, bytes]]:
    other = deployment(Alg.SM2 if place.alg is Alg.ES256 else Alg.ES256)
    parsed = asn1.Certificate.load(leaf)
    tbs, algorithm = parsed["tbs_certificate"].dump(), parsed["signature_algorithm"].dump()
    signed = place.root.sign(tbs)
    numbers = [int.from_bytes(signed[:32], "big"), int.from_bytes(signed[32:], "big")]
    signature = encode_dss_signature(*numbers)

    def whole(*parts: bytes) -> bytes:
        return x509._tlv(0x30, b"".join(parts))

    def bits(unused: bytes, octets: bytes) -> bytes:
        return x509._tlv(0x03, unused + octets)

    third = x509._tlv(0x30, core.Sequence.load(signature).contents + b"\x02\x01\x01")
    yield "signer, put together anew", whole(tbs, algorithm, bits(b"\0", signature))
    yield "signer, with a fourth part", whole(tbs, algorithm, bits(b"\0", signature), b"\x05\0")
    yield "signer, with something after it", leaf + b"\0"
    yield "signer, with bits of its signature unused", whole(tbs, algorithm, bits(b"\x01", signature))
    yield "signer, with a third number in its signature", whole(tbs, algorithm, bits(b"\0", third))
    yield (
        "signer, of version 2",
        test_x509.changed(leaf, place.root, lambda c: c.__setitem__("version", "v2")),
    )
    yield (
        "signer, with a ninth bit of its usage",
        test_x509.changed(
            leaf,
            place.root,
            test_x509._extension("key_usage", extn_value={"digital_signature", "decipher_only"}),
        ),
    )
    yield (
        "signer, of the other algorithm's root",
        test_x509.changed(
            leaf, other.root, lambda c: c.__setitem__("signature", {"algorithm": test_x509.OID[other.alg]})
        ),
    )
    yield "signer, of its own", test_x509.changed(leaf, place.jiangsu, lambda c: None)
    yield "root, of another key", test_x509.changed(root, place.jiangsu, lambda c: None)
    for length in (3300, 3900):
        named = _named("x" * length)
        yield f"signer, of a name of {length}", test_x509.changed(leaf, place.root, named)


def _named(name: str) -> Callable[[Any], None]:
    return lambda content: content.__setitem__("subject", asn1.Name.build({"common_name": name}))


def _is_der(certificate: bytes) -> bool:
    try:
        load_der_x509_certificate(certificate)
    except ValueError:
        return False
    return True
