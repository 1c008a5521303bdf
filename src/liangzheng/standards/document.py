"""The licence document: the issuer-signed object a phone keeps for the offline 亮证.

    file = [document: bstr .cbor COSE_Sign1, portrait: bstr, font: bstr / null]

The signature covers every field, SHA-256 of the portrait and, where there is one, of the font: a WOFF2 with nothing but the
holder's rare characters. A font decides what a character looks like, so none is taken that its issuer did not sign.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Final

import cbor2

from liangzheng.standards import cbor, cose
from liangzheng.standards.claims import (
    ISSUERS,
    SEX_NUMBER,
    SEX_WORD,
    CredentialClaims,
    as_malformed,
    check_times,
    check_validity,
    day_number,
    day_of,
    is_codes,
    is_octets,
    is_text,
    is_uint,
)
from liangzheng.standards.errors import BadSignature, Malformed
from liangzheng.standards.keys import Alg, Signer
from liangzheng.standards.trust import TrustBundle
from liangzheng.standards.x509 import Role

DOCUMENT: Final = -65539
MAX_FILE_OCTETS: Final = 4 << 20
MAX_FONT_OCTETS: Final = 1 << 16
"""What a browser is given to read as a font is small, whoever signed it."""

_ISS, _EXP, _IAT = 1, 4, 6
_NATIONALITY: Final = re.compile("[A-Z]{3}")


def _is_day(value: object) -> bool:
    return type(value) is date


# The items inside the document's private claim in their order, which is part of the format, and the form of
# each.
_ITEMS: Final[Mapping[str, Callable[[Any], bool]]] = MappingProxyType(
    {
        "licence_id": lambda value: is_octets(value, 16),
        "version": lambda value: is_uint(value, 1 << 32),
        "document_number": lambda value: is_text(value, 18),
        "name": lambda value: is_text(value, 50),
        "sex": lambda value: value in SEX_NUMBER,
        "nationality": lambda value: isinstance(value, str) and _NATIONALITY.fullmatch(value) is not None,
        "birth_date": _is_day,
        "first_issue_date": _is_day,
        "classes": lambda value: is_codes(value, 34),
        "valid_from": _is_day,
        "valid_until": lambda value: value is None or _is_day(value),
        "points_at_issue": lambda value: is_uint(value, 1000),
        "status_at_issue": lambda value: is_codes(value, 16),
        "card_core_number": lambda value: value == "" or is_text(value, 13),
        "resident_address": lambda value: is_text(value, 128),
        "authority": lambda value: is_text(value, 8),
        "authority_name": lambda value: is_text(value, 100),
        "file_number": lambda value: is_text(value, 12),
        "record": lambda value: value == "" or is_text(value, 400),
        "hearing_aid": lambda value: type(value) is bool,
        "portrait_sha256": lambda value: is_octets(value, 32),
    }
)
_DAYS: Final = frozenset({"birth_date", "first_issue_date", "valid_from", "valid_until"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentClaims:
    """Every field of the licence for the offline 亮证: front and back page, and SHA-256 of the portrait.

    Kept on the holder's phone and shown from there; never inside a code, since it holds the whole number.
    Status and points are as they stood when it was issued: what is shown as present comes from a snapshot
    only. The running clock and the time of generation belong to the screen, the table of classes to the
    program.
    """

    issuer: str
    """Province of the document signer, `CN-` and the first two digits of its division code."""
    licence_id: bytes
    version: int
    document_number: str = field(repr=False)
    name: str = field(repr=False)
    sex: str
    nationality: str
    """ISO 3166-1 alpha-3, such as CHN."""
    birth_date: date = field(repr=False)
    first_issue_date: date
    classes: str
    valid_from: date
    valid_until: date | None
    points_at_issue: int
    status_at_issue: str
    card_core_number: str = field(repr=False)
    resident_address: str = field(repr=False)
    authority: str
    """Short code, such as 苏E."""
    authority_name: str
    """The place it is the authority of, as the issuer's data file names it (苏州市). Not the words on its seal: no
    published data have those (docs/reference.md §1.9)."""
    file_number: str = field(repr=False)
    record: str
    """记录, one line; may be empty."""
    hearing_aid: bool
    portrait_sha256: bytes
    font_sha256: bytes | None = None
    """Of the font that travels with it; None, and no item, where the name has no rare character."""
    iat: int
    """Epoch seconds; so is `exp`."""
    exp: int

    def __post_init__(self) -> None:
        if self.issuer not in ISSUERS:
            raise Malformed("claims: issuer is not a province")
        for name, holds in _ITEMS.items():
            if not holds(getattr(self, name)):
                raise Malformed(f"claims: {name}")
        if self.font_sha256 is not None and not is_octets(self.font_sha256, 32):
            raise Malformed("claims: font_sha256")
        check_validity(self.valid_from, self.valid_until)
        check_times(self.iat, self.exp)

    def encode(self) -> bytes:
        """The CWT claims set, deterministic."""
        items = [_as_item(name, getattr(self, name)) for name in _ITEMS]
        if self.font_sha256 is not None:
            items.append(self.font_sha256)
        # Keys are written in the order RFC 8949 §4.2.1 sorts them.
        encoded: bytes = cbor2.dumps({_ISS: self.issuer, _EXP: self.exp, _IAT: self.iat, DOCUMENT: items})
        return encoded

    @classmethod
    def decode(cls, payload: bytes) -> DocumentClaims:
        """Raises Malformed unless `payload` is exactly what `encode` of some claims gives."""
        claims = cbor.decode_unchecked(payload, max_octets=8192)
        if type(claims) is not dict or tuple(claims) != (_ISS, _EXP, _IAT, DOCUMENT):
            raise Malformed("claims: not the claims of a licence document")
        try:
            items = claims[DOCUMENT]
            fields = {
                name: _from_item(name, item) for name, item in zip(_ITEMS, items[: len(_ITEMS)], strict=True)
            }
            # One item more, or none: a null in its place would be a second form of the same.
            (font,) = items[len(_ITEMS) :] or (None,)
            read = cls(issuer=claims[_ISS], exp=claims[_EXP], iat=claims[_IAT], font_sha256=font, **fields)
        except (TypeError, KeyError, ValueError) as fault:
            raise as_malformed(fault, "document") from None
        # One value, one form: this finds long forms, another order, and a `true` that was read as 1.
        if read.encode() != payload:
            raise Malformed("claims: document is not in its one form")
        return read


def _as_item(name: str, value: Any) -> Any:
    if name == "sex":
        return SEX_NUMBER[value]
    return day_number(value) if name in _DAYS and value is not None else value


def _from_item(name: str, item: Any) -> Any:
    if name == "sex":
        return SEX_WORD[item]
    return day_of(item) if name in _DAYS and item is not None else item


@dataclass(frozen=True, slots=True)
class OpenedDocument:
    """What a document file held, after its signature and the hashes of portrait and font were checked."""

    claims: DocumentClaims
    portrait: bytes
    font: bytes | None

    def belongs_to(self, credential: CredentialClaims) -> bool:
        """Whether document and credential are of one version of one licence and show one portrait."""
        claims = self.claims
        return (claims.licence_id, claims.version, claims.portrait_sha256[:16]) == (
            credential.licence_id,
            credential.version,
            credential.portrait_hash,
        )


def document_to_be_signed(claims: DocumentClaims, signer_alg: Alg, kid: bytes) -> bytes:
    """The octets a document signer signs; `cose.seal` joins them with the signature."""
    return cose.to_be_signed(signer_alg, kid, claims.encode())


def sign_document(claims: DocumentClaims, signer: Signer) -> bytes:
    """The document as a COSE_Sign1 of `signer`."""
    return cose.sign(claims.encode(), signer)


def portrait_sha256(portrait: bytes) -> bytes:
    """The document carries all 32 octets, the credential the first 16."""
    return hashlib.sha256(portrait).digest()


def font_sha256(font: bytes) -> bytes:
    """What the document names a font by."""
    return hashlib.sha256(font).digest()


def pack_document(document: bytes, portrait: bytes, font: bytes | None) -> bytes:
    """The file for the phone. Raises Malformed when portrait or font is not the one the document names."""
    claims = DocumentClaims.decode(cose.parse(document).payload)
    if claims.portrait_sha256 != portrait_sha256(portrait):
        raise Malformed("document: the portrait is not the one it names")
    if not _is_font_of(claims, font):
        raise Malformed("document: the font is not the one it names")
    return cbor.encode([document, portrait, font])


def _is_font_of(claims: DocumentClaims, font: bytes | None) -> bool:
    if font is None or len(font) > MAX_FONT_OCTETS:
        return font is None and claims.font_sha256 is None
    return claims.font_sha256 == font_sha256(font)


def open_document(file: bytes, trust: TrustBundle) -> OpenedDocument:
    """Read a document file. Raises Malformed for its form, BadSignature for anything that is not to be
    trusted."""
    parts = cbor.decode(file, max_octets=MAX_FILE_OCTETS)
    if (
        type(parts) is not list
        or len(parts) != 3
        or type(parts[0]) is not bytes
        or type(parts[1]) is not bytes
    ):
        raise Malformed("document: not a document file")
    document, portrait, font = parts
    if font is not None and (type(font) is not bytes or len(font) > MAX_FONT_OCTETS):
        raise Malformed("document: not a document file")
    claims = verify_document(document, trust)
    if claims.portrait_sha256 != portrait_sha256(portrait):
        raise BadSignature("document: the portrait is not the one that was signed")
    if not _is_font_of(claims, font):
        raise BadSignature("document: the font is not the one that was signed")
    return OpenedDocument(claims, portrait, font)


def verify_document(document: bytes, trust: TrustBundle) -> DocumentClaims:
    """The claims of a signed document. Raises Malformed, or BadSignature when its signer is not to be
    trusted."""
    signed = cose.parse(document)
    claims = DocumentClaims.decode(signed.payload)
    entry = trust.find(signed.kid, Role.DOCUMENT)
    if entry is None:
        raise BadSignature("document: unknown signer")
    if entry.province != claims.issuer:
        raise BadSignature("document: signed by another province's key")
    why = entry.why_not_at(claims.iat)
    if why is not None:
        raise BadSignature(f"document: {why}")
    entry.key.verify(signed.to_be_signed, signed.signature)
    return claims
