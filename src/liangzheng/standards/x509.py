"""X.509 certificates of the root and of the signers under it, for ES256 and SM2 alike (RFC 5280, GB/T 20518).

`cryptography` can build no SM2 certificate and `openssl verify` applies the SM2 identity to the leaf only,
so both kinds are made and checked here, over the original octets, on asn1crypto and our own signatures. The
path is always two certificates: the root, which signs itself, and a signer. What a signer is for stands in
its extended key usage.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from asn1crypto import algos, keys, x509
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from liangzheng.standards.errors import BadCertificate, BadKey, BadSignature
from liangzheng.standards.keys import Alg, PublicKey, Signer

_SM2_WITH_SM3: Final = "1.2.156.10197.1.501"
_SM2_CURVE: Final = "1.2.156.10197.1.301"
_ECDSA_SHA256: Final = "1.2.840.10045.4.3.2"

algos.SignedDigestAlgorithmId._map[_SM2_WITH_SM3] = "sm2_sm3"
algos.SignedDigestAlgorithmId._reverse_map["sm2_sm3"] = _SM2_WITH_SM3
keys.NamedCurve.register("sm2p256v1", _SM2_CURVE, 32)

_SIGNATURE_OID: Final = {Alg.ES256: _ECDSA_SHA256, Alg.SM2: _SM2_WITH_SM3}

MAX_OCTETS: Final = 4096


class Role(StrEnum):
    """What a signer under the root may sign. A key has one role."""

    DOCUMENT = "document"
    STATUS = "status"
    AUDIT = "audit"


# Under the joint arc for UUIDs (ITU-T X.667), which needs no registration: 2.25.<UUID as a number>.<role>.
_ARC: Final = "2.25.11960164227533907233664317519936111278"
_ROLE_OID: Final = {Role.DOCUMENT: f"{_ARC}.1", Role.STATUS: f"{_ARC}.2", Role.AUDIT: f"{_ARC}.3"}

_KNOWN_EXTENSIONS: Final = frozenset(
    {"basic_constraints", "key_usage", "extended_key_usage", "key_identifier", "authority_key_identifier"}
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate as read: form and extensions are checked, its signature is not."""

    der: bytes
    key: PublicKey
    not_before: int
    """Epoch seconds, first at which it is valid; so is `not_after`, the last."""
    not_after: int
    is_authority: bool
    role: Role | None
    """None for the root."""
    subject: bytes
    issuer: bytes
    alg: Alg
    """Of the signature on it, which is the issuer's."""
    authority_key_id: bytes | None
    _signed: bytes
    _signature: bytes

    @classmethod
    def load(cls, der: bytes) -> Certificate:
        """Read DER with nothing after it. Raises BadCertificate for whatever is not a root or signer of
        ours."""
        if len(der) > MAX_OCTETS:
            raise BadCertificate("larger than a certificate of ours can be")
        try:
            return _read(der)
        except (BadCertificate, BadKey) as fault:
            raise BadCertificate(str(fault)) from None
        except Exception:
            # asn1crypto raises ValueError, TypeError, KeyError and others for damaged input.
            raise BadCertificate("not a certificate that can be read") from None

    def check_signed_by(self, authority: PublicKey) -> None:
        """Raises BadCertificate unless the signature is `authority`'s."""
        if self.alg is not authority.alg:
            raise BadCertificate("signed with another algorithm than its issuer's key has")
        try:
            authority.verify(self._signed, self._signature)
        except BadSignature:
            raise BadCertificate("not signed by its issuer") from None


def make_root(signer: Signer, *, organisation: str, not_before: datetime, not_after: datetime) -> bytes:
    """A self-signed root certificate in DER."""
    name = _name(organisation, "LiangZheng Root")
    return _issue(
        signer,
        signer.public_key,
        subject=name,
        issuer=name,
        role=None,
        not_before=not_before,
        not_after=not_after,
    )


def make_signer(
    root: bytes,
    root_signer: Signer,
    key: PublicKey,
    role: Role,
    *,
    name: str,
    not_before: datetime,
    not_after: datetime,
) -> bytes:
    """A certificate in DER for `key`, under the root certificate `root`, for one role. `name` such as
    `CN-32`."""
    authority = Certificate.load(root)
    if authority.key != root_signer.public_key or not authority.is_authority:
        raise BadCertificate("the root certificate is not the root signer's")
    root_name = x509.Name.load(authority.subject)
    return _issue(
        root_signer,
        key,
        subject=_name(root_name.native["organization_name"], f"{name} {role}"),
        issuer=root_name,
        role=role,
        not_before=not_before,
        not_after=not_after,
    )


def check_root(root: Certificate) -> None:
    """Raises BadCertificate unless `root` is an authority that signed itself."""
    if not root.is_authority or root.subject != root.issuer:
        raise BadCertificate("not a root")
    root.check_signed_by(root.key)


def check_chain(leaf: Certificate, root: Certificate, role: Role) -> None:
    """Raises BadCertificate unless `leaf` is a signer's certificate for `role` made by `root` within its
    validity.

    `root` was checked by `check_root`. Whether either is valid now is the caller's question: signatures are
    judged by when they were made.
    """
    if leaf.role is not role:
        raise BadCertificate(f"not a certificate for the role {role}")
    if leaf.issuer != root.subject or leaf.authority_key_id != key_identifier(root.key):
        raise BadCertificate("issued by another root")
    if leaf.not_before < root.not_before or leaf.not_after > root.not_after:
        raise BadCertificate("valid outside its root's time")
    leaf.check_signed_by(root.key)


def key_identifier(key: PublicKey) -> bytes:
    """Subject and authority key identifier: the first 20 octets of SHA-256 of the key (RFC 7093 §2, method
    4)."""
    return key.fingerprint[:20]


def _name(organisation: str, common_name: str) -> Any:
    return x509.Name.build(
        {"country_name": "CN", "organization_name": organisation, "common_name": common_name},
        use_printable=False,
    )


def _issue(
    signer: Signer,
    key: PublicKey,
    *,
    subject: Any,
    issuer: Any,
    role: Role | None,
    not_before: datetime,
    not_after: datetime,
) -> bytes:
    algorithm = {"algorithm": _SIGNATURE_OID[signer.alg]}
    signed = x509.TbsCertificate(
        {
            "version": "v3",
            # 128 random bits below the sign bit: positive, never nought, never guessable (RFC 5280 §4.1.2.2).
            "serial_number": secrets.randbits(126) | 1 << 126,
            "signature": algorithm,
            "issuer": issuer,
            "validity": {"not_before": _time(not_before), "not_after": _time(not_after)},
            "subject": subject,
            "subject_public_key_info": keys.PublicKeyInfo.load(key.spki),
            "extensions": _extensions(key, signer.public_key, role),
        }
    ).dump()
    return sign_tbs(signed, algorithm, signer)


def sign_tbs(signed: bytes, algorithm: dict[str, str], signer: Signer) -> bytes:
    """The certificate of a TBSCertificate in DER, whatever it says."""
    raw = signer.sign(signed)
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    return _whole(signed, algos.SignedDigestAlgorithm(algorithm).dump(), encode_dss_signature(r, s))


def _whole(signed: bytes, algorithm: bytes, signature: bytes) -> bytes:
    """The three parts of a certificate put together, in DER."""
    return _tlv(0x30, signed + algorithm + _tlv(0x03, b"\0" + signature))


def _tlv(tag: int, contents: bytes) -> bytes:
    length = len(contents)
    if length < 0x80:
        return bytes((tag, length)) + contents
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + contents


def _extensions(key: PublicKey, authority: PublicKey, role: Role | None) -> list[dict[str, Any]]:
    is_root = role is None
    usage = {"key_cert_sign", "crl_sign", "digital_signature"} if is_root else {"digital_signature"}
    extensions: list[dict[str, Any]] = [
        {
            "extn_id": "basic_constraints",
            "critical": True,
            "extn_value": {"ca": True, "path_len_constraint": 0} if is_root else {"ca": False},
        },
        {"extn_id": "key_usage", "critical": True, "extn_value": usage},
        {"extn_id": "key_identifier", "critical": False, "extn_value": key_identifier(key)},
        {
            "extn_id": "authority_key_identifier",
            "critical": False,
            "extn_value": {"key_identifier": key_identifier(authority)},
        },
    ]
    if role is not None:
        extensions.append(
            {"extn_id": "extended_key_usage", "critical": True, "extn_value": [_ROLE_OID[role]]}
        )
    return extensions


def _time(at: datetime) -> Any:
    at = at.astimezone(UTC).replace(microsecond=0)
    # RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime after.
    return x509.Time(name="utc_time" if at.year < 2050 else "general_time", value=at)


def _read(der: bytes) -> Certificate:
    certificate = x509.Certificate.load(der, strict=True)
    signed = certificate["tbs_certificate"]
    if signed["version"].native != "v3":
        raise BadCertificate("not version 3")
    signature = certificate["signature_value"].native
    if _whole(signed.dump(), certificate["signature_algorithm"].dump(), signature) != der:
        # What the signature does not cover has one form as well: asn1crypto reads more than DER.
        raise BadCertificate("not in DER")
    alg = _alg_of(signed["signature"], certificate["signature_algorithm"])
    extensions = _read_extensions(signed)
    authority = extensions.get("authority_key_identifier")
    is_authority, role = _read_purpose(extensions)
    return Certificate(
        der=der,
        key=PublicKey.from_spki(signed["subject_public_key_info"].dump()),
        not_before=int(signed["validity"]["not_before"].native.timestamp()),
        not_after=int(signed["validity"]["not_after"].native.timestamp()),
        is_authority=is_authority,
        role=role,
        subject=signed["subject"].dump(),
        issuer=signed["issuer"].dump(),
        alg=alg,
        authority_key_id=None if authority is None else authority["key_identifier"].native,
        _signed=signed.dump(),
        _signature=_raw_signature(signature),
    )


def _alg_of(inner: Any, outer: Any) -> Alg:
    if inner.dump() != outer.dump():
        raise BadCertificate("names two signature algorithms")
    for alg, oid in _SIGNATURE_OID.items():
        if inner["algorithm"].dotted == oid and not inner["parameters"].native:
            return alg
    raise BadCertificate("signed with an algorithm that is not allowed")


def _read_extensions(signed: Any) -> dict[str, Any]:
    extensions: dict[str, Any] = {}
    for extension in signed["extensions"]:
        name = extension["extn_id"].native
        if name in extensions or name not in _KNOWN_EXTENSIONS:
            raise BadCertificate("an extension twice or one that is not known")
        extensions[name] = extension["extn_value"].parsed
    return extensions


def _read_purpose(extensions: dict[str, Any]) -> tuple[bool, Role | None]:
    if "basic_constraints" not in extensions or "key_usage" not in extensions:
        raise BadCertificate("without basic constraints or key usage")
    constraints = extensions["basic_constraints"].native
    usage = extensions["key_usage"].native
    purposes = extensions.get("extended_key_usage")
    if constraints["ca"]:
        if "key_cert_sign" not in usage or constraints["path_len_constraint"] != 0 or purposes is not None:
            raise BadCertificate("an authority that may not sign certificates, or may do more than that")
        return True, None
    if usage != {"digital_signature"} or purposes is None:
        raise BadCertificate("not a signer's key usage")
    named = [purpose.dotted for purpose in purposes]
    for role, oid in _ROLE_OID.items():
        if named == [oid]:
            return False, role
    raise BadCertificate("not for exactly one role of ours")


def _raw_signature(der: bytes) -> bytes:
    # Takes minimal DER only; a number of more than 256 bits does not fit the octets.
    r, s = decode_dss_signature(der)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
