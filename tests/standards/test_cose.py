"""COSE_Sign1: what it is made of is put together once, and taken apart in one shape only.

Which headers and shapes are refused is in showings/unreadable.py; the published examples are in test_vectors.py.
"""

from __future__ import annotations

import pytest

from liangzheng.standards import cbor, cose
from liangzheng.standards.errors import BadSignature, Malformed
from liangzheng.standards.keys import Alg, SoftwareSigner
from tests.standards.making import deployment

both = pytest.mark.parametrize("alg", list(Alg))


@both
@pytest.mark.parametrize("size", [0, 1, 23, 24, 255, 256, 65535, 65536])
def test_what_was_sealed_is_read_back_whatever_its_length(alg: Alg, size: int) -> None:
    signer = deployment(alg).jiangsu
    payload = bytes(size)
    signed = cose.to_be_signed(alg, signer.kid, payload)
    read = cose.parse(cose.seal(signed, signer.sign(signed)))
    assert (read.kid, read.payload, read.to_be_signed) == (signer.kid, payload, signed)
    signer.public_key.verify(read.to_be_signed, read.signature)
    assert cose.parse(cose.sign(payload, signer)).payload == payload


@both
def test_a_type_in_the_header_is_signed_and_asked_for(alg: Alg) -> None:
    signer = deployment(alg).status
    shape = cose.Shape("application/example+cwt")
    octets = cose.sign(b"payload", signer, shape)
    read = cose.parse(octets, shape)
    signer.public_key.verify(read.to_be_signed, read.signature)
    assert cbor.decode(cbor.decode(octets)[0]) == {1: alg, 4: signer.kid, 16: "application/example+cwt"}
    for other in (cose.PLAIN, cose.Shape("application/another+cwt"), cose.Shape("application/exampl2+cwt")):
        with pytest.raises(Malformed):
            cose.parse(octets, other)
    with pytest.raises(Malformed):
        cose.parse(cose.sign(b"payload", signer), shape)


@both
@pytest.mark.parametrize("kid", [b"", b"1234567", b"123456789"])
def test_a_key_id_of_another_length_is_not_written(alg: Alg, kid: bytes) -> None:
    with pytest.raises(Malformed):
        cose.to_be_signed(alg, kid, b"payload")


@both
def test_only_octets_to_be_signed_are_sealed_and_only_with_a_raw_signature(alg: Alg) -> None:
    signed = cose.to_be_signed(alg, b"12345678", b"payload")
    for signature in (b"", bytes(63), bytes(65), bytes(72)):
        with pytest.raises(Malformed):
            cose.seal(signed, signature)
    for other in (b"", b"payload", signed[1:], signed.replace(b"Signature1", b"Signature2")):
        with pytest.raises(Malformed):
            cose.seal(other, bytes(64))


def test_the_two_algorithms_have_their_numbers() -> None:
    assert (Alg.ES256, Alg.SM2) == (-7, -65537)


# ---- beside its payload -------------------------------------------------------------------------------


@pytest.mark.parametrize("alg", Alg)
def test_a_detached_signature_is_over_its_payload_and_what_both_ends_know(alg: Alg) -> None:
    signer = SoftwareSigner.generate(alg)
    sealed = cose.sign_detached(b"lines", signer, b"for you")
    signed = cose.parse_detached(sealed, b"lines", b"for you")
    assert (signed.kid, signed.payload) == (signer.kid, b"lines")
    signer.public_key.verify(signed.to_be_signed, signed.signature)
    assert b"lines" not in sealed and len(sealed) == 81
    for payload, external in ((b"line", b"for you"), (b"lines", b"for them"), (b"linesfor", b" you")):
        other = cose.parse_detached(sealed, payload, external)
        with pytest.raises(BadSignature):
            signer.public_key.verify(other.to_be_signed, other.signature)


def test_with_no_external_data_it_signs_what_a_whole_object_signs() -> None:
    signer = SoftwareSigner.generate(Alg.ES256)
    detached = cose.parse_detached(cose.sign_detached(b"lines", signer, b""), b"lines", b"")
    assert detached.to_be_signed == cose.to_be_signed(Alg.ES256, signer.kid, b"lines")


def test_a_detached_signature_of_any_other_form_is_refused() -> None:
    signer = SoftwareSigner.generate(Alg.ES256)
    good = cose.sign_detached(b"lines", signer, b"")
    wrong = [
        b"",
        good[:-1],
        good + b"\0",
        good[:4],
        b"\xd2" + good,
        cose.sign(b"lines", signer),
        good.replace(b"\xf6", b"\x40"),
        # The head in each of its octets: the tag, the array, the algorithm, the key's name and length.
        *(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in range(good.index(signer.kid))),
    ]
    for octets in wrong:
        with pytest.raises(Malformed):
            cose.parse_detached(octets, b"lines", b"")
