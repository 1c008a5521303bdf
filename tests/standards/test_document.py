"""The licence document: every field, the portrait, and the file a phone keeps."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.standards import cbor, cose
from liangzheng.standards.document import (
    MAX_FONT_OCTETS,
    DocumentClaims,
    document_to_be_signed,
    font_sha256,
    open_document,
    pack_document,
    sign_document,
    verify_document,
)
from liangzheng.standards.errors import BadSignature, Malformed
from liangzheng.standards.keys import Alg, SoftwareSigner
from tests.standards.making import AT, CLAIMS, DAY, DOCUMENT, PORTRAIT, deployment

FONT = b"font"
WITH_FONT = replace(DOCUMENT, font_sha256=font_sha256(FONT))

both = pytest.mark.parametrize("alg", list(Alg))


@both
def test_a_file_opens_to_what_was_packed(alg: Alg) -> None:
    place = deployment(alg)
    file = pack_document(sign_document(WITH_FONT, place.jiangsu), PORTRAIT, FONT)
    opened = open_document(file, place.trust)
    assert (opened.claims, opened.portrait, opened.font) == (WITH_FONT, PORTRAIT, FONT)
    without_font = pack_document(sign_document(DOCUMENT, place.jiangsu), PORTRAIT, None)
    assert open_document(without_font, place.trust).font is None


def test_it_carries_every_field_of_both_pages() -> None:
    page = {
        "document_number", "name", "sex", "nationality", "birth_date", "first_issue_date", "classes", "valid_from",
        "valid_until", "points_at_issue", "status_at_issue", "card_core_number", "resident_address", "authority",
        "authority_name", "file_number", "record", "hearing_aid", "portrait_sha256", "font_sha256",
    }  # fmt: skip
    frame = {"issuer", "licence_id", "version", "iat", "exp"}
    assert {item.name for item in fields(DocumentClaims)} == page | frame


def test_a_birth_before_1970_is_carried() -> None:
    assert DocumentClaims.decode(DOCUMENT.encode()).birth_date == date(1969, 12, 31)


def test_it_belongs_to_the_credential_of_the_same_licence_version_and_portrait() -> None:
    place = deployment(Alg.ES256)
    opened = open_document(pack_document(sign_document(DOCUMENT, place.jiangsu), PORTRAIT, None), place.trust)
    assert opened.belongs_to(CLAIMS)
    assert not opened.belongs_to(replace(CLAIMS, version=2))
    assert not opened.belongs_to(replace(CLAIMS, licence_id=bytes(16)))
    assert not opened.belongs_to(replace(CLAIMS, portrait_hash=bytes(16)))


@both
def test_another_portrait_is_neither_packed_nor_opened(alg: Alg) -> None:
    place = deployment(alg)
    document = sign_document(DOCUMENT, place.jiangsu)
    with pytest.raises(Malformed, match="portrait"):
        pack_document(document, PORTRAIT + b"!", None)
    with pytest.raises(BadSignature, match="portrait"):
        open_document(cbor.encode([document, PORTRAIT + b"!", None]), place.trust)


@both
@pytest.mark.parametrize(
    ("claims", "font"),
    [("with", FONT + b"!"), ("with", None), ("with", b""), ("without", FONT), ("without", b"")],
)
def test_a_font_its_issuer_did_not_sign_is_neither_packed_nor_opened(
    alg: Alg, claims: str, font: bytes | None
) -> None:
    """A font decides what a character looks like: 张 drawn as 王 would be a lie nobody signed."""
    place = deployment(alg)
    document = sign_document(WITH_FONT if claims == "with" else DOCUMENT, place.jiangsu)
    with pytest.raises(Malformed, match="font"):
        pack_document(document, PORTRAIT, font)
    with pytest.raises(BadSignature, match="font"):
        open_document(cbor.encode([document, PORTRAIT, font]), place.trust)


def test_a_font_has_a_size_at_most_even_when_it_was_signed() -> None:
    place = deployment(Alg.ES256)
    for octets, holds in ((MAX_FONT_OCTETS, True), (MAX_FONT_OCTETS + 1, False)):
        font = bytes(octets)
        document = sign_document(replace(DOCUMENT, font_sha256=font_sha256(font)), place.jiangsu)
        if holds:
            assert open_document(pack_document(document, PORTRAIT, font), place.trust).font == font
            continue
        for signed in (document, sign_document(DOCUMENT, place.jiangsu)):
            with pytest.raises(Malformed, match="font"):
                pack_document(signed, PORTRAIT, font)
        with pytest.raises(Malformed):
            open_document(cbor.encode([document, PORTRAIT, font]), place.trust)


def test_a_document_without_a_font_has_the_octets_it_always_had() -> None:
    items = cbor.decode(DOCUMENT.encode())[-65539]
    assert len(items) == 21
    assert cbor.decode(WITH_FONT.encode())[-65539] == [*items, font_sha256(FONT)]
    whole = cbor.decode(DOCUMENT.encode())
    whole[-65539] = [*items, None]
    with pytest.raises(Malformed, match="one form"):
        DocumentClaims.decode(cbor.encode(whole))
    whole[-65539] = [*items, font_sha256(FONT), font_sha256(FONT)]
    with pytest.raises(Malformed):
        DocumentClaims.decode(cbor.encode(whole))


@both
def test_a_signer_that_is_not_trusted_for_it_is_refused(alg: Alg) -> None:
    place = deployment(alg)
    for signer in (place.status, place.root, SoftwareSigner.generate(alg)):
        with pytest.raises(BadSignature, match="unknown signer"):
            verify_document(sign_document(DOCUMENT, signer), place.trust)
    with pytest.raises(BadSignature, match="province"):
        verify_document(sign_document(DOCUMENT, place.zhejiang), place.trust)
    late = replace(DOCUMENT, iat=AT + 16 * DAY)
    with pytest.raises(BadSignature, match="window"):
        verify_document(sign_document(late, place.jiangsu), place.trust)
    compromised = place.trusting(place.entry(place.jiangsu, compromised_at=DOCUMENT.iat))
    with pytest.raises(BadSignature, match="compromised"):
        verify_document(sign_document(DOCUMENT, place.jiangsu), compromised)


@both
def test_another_keys_signature_under_the_right_key_id_is_refused(alg: Alg) -> None:
    place = deployment(alg)
    signed = document_to_be_signed(DOCUMENT, alg, place.jiangsu.kid)
    with pytest.raises(BadSignature):
        verify_document(cose.seal(signed, place.zhejiang.sign(signed)), place.trust)


def test_the_other_algorithm_under_the_right_key_id_is_refused() -> None:
    place, other = deployment(Alg.ES256), deployment(Alg.SM2)
    signed = document_to_be_signed(DOCUMENT, Alg.SM2, place.jiangsu.kid)
    with pytest.raises(BadSignature):
        verify_document(cose.seal(signed, other.jiangsu.sign(signed)), place.trust)


def test_a_credential_is_not_a_document() -> None:
    place = deployment(Alg.ES256)
    with pytest.raises(Malformed, match="not the claims of a licence document"):
        verify_document(place.credential(), place.trust)


@given(st.integers(0, 1 << 14))
def test_a_changed_document_is_refused(bit: int) -> None:
    place = deployment(Alg.ES256)
    octets = bytearray(sign_document(DOCUMENT, place.jiangsu))
    octets[bit // 8 % len(octets)] ^= 1 << bit % 8
    with pytest.raises((BadSignature, Malformed)):
        verify_document(bytes(octets), place.trust)


@pytest.mark.parametrize(
    "parts", [["portrait", None], [PORTRAIT, "font"], [PORTRAIT], [PORTRAIT, None, None]]
)
def test_a_good_document_among_parts_of_another_kind_is_refused(parts: list[Any]) -> None:
    place = deployment(Alg.ES256)
    with pytest.raises(Malformed, match="not a document file"):
        open_document(cbor.encode([sign_document(DOCUMENT, place.jiangsu), *parts]), place.trust)


@pytest.mark.parametrize(
    "file",
    [5, [], [b"", b""], [b"", b"", None, None], [b"", "", None], ["", b"", None], [b"", b"", "font"], {}],
)
def test_what_is_no_document_file_is_refused(file: Any) -> None:
    with pytest.raises(Malformed):
        open_document(cbor.encode(file), deployment(Alg.ES256).trust)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("issuer", "CN-1"), ("licence_id", b""), ("version", -1), ("document_number", ""),
        ("document_number", "1" * 19), ("name", "\u202e"), ("sex", "x"), ("nationality", "CN"),
        ("nationality", "chn"), ("birth_date", None), ("first_issue_date", "2015-06-09"), ("classes", "c1"),
        ("valid_until", date(2000, 1, 1)), ("points_at_issue", -1), ("status_at_issue", ""),
        ("card_core_number", "1" * 14), ("resident_address", "x" * 129), ("authority", ""), ("authority_name", ""),
        ("file_number", "1" * 13), ("record", "x" * 401), ("record", None), ("hearing_aid", 1),
        ("portrait_sha256", bytes(16)), ("font_sha256", bytes(16)), ("font_sha256", "x" * 32), ("iat", DOCUMENT.exp),
    ],
)  # fmt: skip
def test_a_value_out_of_its_form_is_never_signed(field: str, value: Any) -> None:
    with pytest.raises(Malformed):
        replace(DOCUMENT, **{field: value})


def test_whatever_octets_are_taken_are_those_that_would_be_written() -> None:
    octets = WITH_FONT.encode()
    for at in range(len(octets)):
        for value in (0x00, 0x01, 0x18, 0x20, 0x61, 0xF4, 0xF5, 0xF6, 0xFF, octets[at] ^ 1):
            changed = octets[:at] + bytes((value,)) + octets[at + 1 :]
            try:
                read = DocumentClaims.decode(changed)
            except Malformed:
                continue
            assert read.encode() == changed


def test_what_is_printed_holds_nothing_personal() -> None:
    printed = repr(DOCUMENT)
    for personal in ("张示例", "320500199001011234", "苏州市示例路", "320500123456", "1969", "3250012345678"):
        assert personal not in printed
