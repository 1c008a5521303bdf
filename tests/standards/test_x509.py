"""Certificates of root and signers: others read them, and one with any mistake in it is refused."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import core
from asn1crypto import x509 as asn1
from cryptography import x509 as peer

from liangzheng.standards import x509
from liangzheng.standards.errors import BadCertificate
from liangzheng.standards.keys import Alg, SoftwareSigner
from liangzheng.standards.x509 import Certificate, Role, check_chain, check_root
from tests.standards.making import AT, NOW, ORGANISATION, Deployment, deployment

both = pytest.mark.parametrize("alg", list(Alg))
OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="no openssl command on this machine")
OID = {Alg.ES256: "1.2.840.10045.4.3.2", Alg.SM2: "1.2.156.10197.1.501"}


def leaf_of(place: Deployment) -> bytes:
    return place.entry(place.jiangsu).certificate


def changed(der: bytes, signer: SoftwareSigner, change: Callable[[Any], object]) -> bytes:
    """The certificate with its content changed, signed anew by `signer`."""
    content = asn1.Certificate.load(der)["tbs_certificate"].copy()
    change(content)
    return x509.sign_tbs(content.dump(force=True), {"algorithm": OID[signer.alg]}, signer)


@both
def test_root_and_signer_are_read_and_form_a_chain(alg: Alg) -> None:
    place = deployment(alg)
    root = Certificate.load(place.root_certificate)
    check_root(root)
    assert (root.is_authority, root.role, root.key) == (True, None, place.root.public_key)
    for key, role in ((place.jiangsu, Role.DOCUMENT), (place.status, Role.STATUS)):
        leaf = Certificate.load(place.entry(key).certificate)
        check_chain(leaf, root, role)
        assert (leaf.is_authority, leaf.role, leaf.key) == (False, role, key.public_key)
        assert leaf.not_before <= AT <= leaf.not_after


@both
def test_a_certificate_is_for_its_role_only(alg: Alg) -> None:
    place = deployment(alg)
    root = Certificate.load(place.root_certificate)
    with pytest.raises(BadCertificate, match="role"):
        check_chain(Certificate.load(leaf_of(place)), root, Role.STATUS)
    with pytest.raises(BadCertificate, match="role"):
        check_chain(root, root, Role.DOCUMENT)


@both
def test_another_root_of_the_same_name_is_not_the_issuer(alg: Alg) -> None:
    place = deployment(alg)
    other = SoftwareSigner.generate(alg)
    impostor = x509.make_root(
        other,
        organisation=ORGANISATION,
        not_before=NOW - timedelta(days=900),
        not_after=NOW + timedelta(days=900),
    )
    with pytest.raises(BadCertificate, match="another root"):
        check_chain(Certificate.load(leaf_of(place)), Certificate.load(impostor), Role.DOCUMENT)


@both
def test_a_signer_that_signs_its_own_certificate_is_refused(alg: Alg) -> None:
    place = deployment(alg)
    forged = changed(leaf_of(place), place.jiangsu, lambda content: None)
    with pytest.raises(BadCertificate, match="not signed by"):
        check_chain(Certificate.load(forged), Certificate.load(place.root_certificate), Role.DOCUMENT)


def test_the_other_algorithms_signature_is_refused() -> None:
    place = deployment(Alg.ES256)
    forged = changed(
        leaf_of(place),
        deployment(Alg.SM2).root,
        lambda content: content.__setitem__("signature", {"algorithm": OID[Alg.SM2]}),
    )
    with pytest.raises(BadCertificate, match="another algorithm"):
        check_chain(Certificate.load(forged), Certificate.load(place.root_certificate), Role.DOCUMENT)


def _extension(name: str, **changes: Any) -> Callable[[Any], None]:
    def change(content: Any) -> None:
        for extension in content["extensions"]:
            if extension["extn_id"].native == name:
                for key, value in changes.items():
                    extension[key] = value

    return change


def _without(name: str) -> Callable[[Any], None]:
    def change(content: Any) -> None:
        content["extensions"] = [item for item in content["extensions"] if item["extn_id"].native != name]

    return change


def _with(extension: dict[str, Any]) -> Callable[[Any], None]:
    return lambda content: content["extensions"].append(asn1.Extension(extension))


def _validity(before: datetime, after: datetime) -> Callable[[Any], None]:
    return lambda content: content.__setitem__(
        "validity",
        {"not_before": asn1.Time("utc_time", before), "not_after": asn1.Time("utc_time", after)},
    )


@both
@pytest.mark.parametrize(
    ("mistake", "why"),
    [
        (_extension("basic_constraints", extn_value={"ca": True}), "may do more"),
        (_extension("basic_constraints", extn_value={"ca": True, "path_len_constraint": 0}), "may do more"),
        (_extension("key_usage", extn_value={"key_cert_sign"}), "signer's key usage"),
        (_extension("key_usage", extn_value={"digital_signature", "key_cert_sign"}), "signer's key usage"),
        (_extension("key_usage", extn_value={"digital_signature", "key_encipherment"}), "signer's key usage"),
        (_extension("extended_key_usage", extn_value=["server_auth"]), "one role"),
        (_extension("extended_key_usage", extn_value=[*x509._ROLE_OID.values()]), "one role"),
        (_extension("extended_key_usage", extn_value=[x509._ROLE_OID[Role.STATUS]]), "not a certificate for the role"),
        (_extension("authority_key_identifier", extn_value={"key_identifier": bytes(20)}), "another root"),
        (_without("basic_constraints"), "without basic"),
        (_without("key_usage"), "without basic"),
        (_without("extended_key_usage"), "signer's key usage"),
        (_without("authority_key_identifier"), "another root"),
        (_with({"extn_id": "2.25.1", "critical": True, "extn_value": b"\x05\x00"}), "not known"),
        (_with({"extn_id": "2.25.1", "critical": False, "extn_value": b"\x05\x00"}), "not known"),
        (_with({"extn_id": "crl_distribution_points", "critical": False, "extn_value": []}), "not known"),
        (_with({"extn_id": "key_usage", "critical": True, "extn_value": {"digital_signature"}}), "twice"),
        (_validity(NOW - timedelta(days=2000), NOW), "outside its root"),
        (_validity(NOW, NOW + timedelta(days=5000)), "outside its root"),
        (lambda content: content.__setitem__("version", "v1"), "version 3"),
        (lambda content: content.__setitem__("issuer", content["subject"]), "another root"),
        (lambda content: content.__setitem__("signature", {"algorithm": "1.2.840.113549.1.1.11"}), "two signature algorithms"),
        (lambda content: content["subject_public_key_info"].__setitem__("public_key", b"\x04" + bytes(64)), "not a point of"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_even_when_the_root_signed_it(
    alg: Alg, mistake: Callable[[Any], None], why: str
) -> None:
    place = deployment(alg)
    root = Certificate.load(place.root_certificate)
    check_chain(
        Certificate.load(changed(leaf_of(place), place.root, lambda content: None)), root, Role.DOCUMENT
    )
    with pytest.raises(BadCertificate, match=why):
        check_chain(Certificate.load(changed(leaf_of(place), place.root, mistake)), root, Role.DOCUMENT)


def test_a_signature_algorithm_of_a_third_kind_is_refused() -> None:
    place = deployment(Alg.ES256)
    rsa = {"algorithm": "1.2.840.113549.1.1.11"}
    content = asn1.Certificate.load(leaf_of(place))["tbs_certificate"].copy()
    content["signature"] = rsa
    with pytest.raises(BadCertificate, match="not allowed"):
        Certificate.load(x509.sign_tbs(content.dump(force=True), rsa, place.root))


@both
def test_a_signature_algorithm_with_parameters_is_refused(alg: Alg) -> None:
    """RFC 5758 §3.2: there are none."""
    place = deployment(alg)
    algorithm = {"algorithm": OID[alg], "parameters": core.Integer(1)}
    content = asn1.Certificate.load(leaf_of(place))["tbs_certificate"].copy()
    content["signature"] = algorithm
    with pytest.raises(BadCertificate, match="not allowed"):
        Certificate.load(x509.sign_tbs(content.dump(force=True), algorithm, place.root))


@both
@pytest.mark.parametrize(
    ("mistake", "why"),
    [
        (_extension("basic_constraints", extn_value={"ca": False}), "signer's key usage"),
        (_extension("basic_constraints", extn_value={"ca": True}), "may do more"),
        (_extension("basic_constraints", extn_value={"ca": True, "path_len_constraint": 1}), "may do more"),
        (_extension("key_usage", extn_value={"digital_signature"}), "may do more"),
        (_with({"extn_id": "extended_key_usage", "critical": True, "extn_value": ["server_auth"]}), "may do more"),
        (lambda content: content.__setitem__("issuer", asn1.Name.build({"common_name": "Somebody else"})), "not a root"),
    ],
)  # fmt: skip
def test_a_root_with_a_mistake_is_no_root(alg: Alg, mistake: Callable[[Any], None], why: str) -> None:
    place = deployment(alg)
    check_root(Certificate.load(changed(place.root_certificate, place.root, lambda content: None)))
    with pytest.raises(BadCertificate, match=why):
        check_root(Certificate.load(changed(place.root_certificate, place.root, mistake)))


@both
def test_a_signer_that_names_itself_its_issuer_is_no_root(alg: Alg) -> None:
    place = deployment(alg)
    own = changed(
        leaf_of(place), place.jiangsu, lambda content: content.__setitem__("issuer", content["subject"])
    )
    with pytest.raises(BadCertificate, match="not a root"):
        check_root(Certificate.load(own))


@both
def test_a_root_another_key_signed_is_no_root(alg: Alg) -> None:
    place = deployment(alg)
    with pytest.raises(BadCertificate, match="not signed by"):
        check_root(Certificate.load(changed(place.root_certificate, place.jiangsu, lambda content: None)))


@both
def test_no_changed_octet_passes(alg: Alg) -> None:
    place = deployment(alg)
    root = Certificate.load(place.root_certificate)
    der = leaf_of(place)
    step = 1 if alg is Alg.ES256 else 7
    for at in range(0, len(der), step):
        octets = bytearray(der)
        octets[at] ^= 0x04
        with pytest.raises(BadCertificate):
            check_chain(Certificate.load(bytes(octets)), root, Role.DOCUMENT)


@pytest.mark.parametrize(
    "der", [b"", b"\x30", b"\x30\x80\x00\x00", b"not a certificate", bytes(5000), b"0" * 4096]
)
def test_what_is_no_certificate_is_refused(der: bytes) -> None:
    with pytest.raises(BadCertificate):
        Certificate.load(der)


@both
def test_nothing_may_follow_a_certificate(alg: Alg) -> None:
    with pytest.raises(BadCertificate):
        Certificate.load(leaf_of(deployment(alg)) + b"\0")


@both
def test_a_signer_may_live_as_long_as_its_root(alg: Alg) -> None:
    place = deployment(alg)
    root = Certificate.load(place.root_certificate)
    whole = {
        "not_before": datetime.fromtimestamp(root.not_before, UTC),
        "not_after": datetime.fromtimestamp(root.not_after, UTC),
    }
    key = place.jiangsu.public_key
    leaf = x509.make_signer(place.root_certificate, place.root, key, Role.STATUS, name="CN", **whole)
    check_chain(Certificate.load(leaf), root, Role.STATUS)


def test_a_signature_in_another_encoding_is_refused() -> None:
    """A nought before r: the same number, but not DER."""
    place = deployment(Alg.ES256)
    der = leaf_of(place)
    signature = asn1.Certificate.load(der)["signature_value"].native
    padded = bytes((0x30, signature[1] + 1, 0x02, signature[3] + 1, 0)) + signature[4:]
    head = len(der) - len(signature) - 3
    assert der[head] == 0x03
    longer = der[:head] + bytes((0x03, len(padded) + 1, 0)) + padded
    longer = longer[:2] + (len(longer) - 4).to_bytes(2, "big") + longer[4:]
    assert asn1.Certificate.load(longer, strict=True)["signature_value"].native == padded
    with pytest.raises(BadCertificate):
        Certificate.load(longer)


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 65535, 65536])
def test_a_length_is_written_as_der_has_it(length: int) -> None:
    assert x509._tlv(0x04, bytes(length)) == core.OctetString(bytes(length)).dump()


def test_what_the_signature_does_not_cover_has_one_form_as_well() -> None:
    place = deployment(Alg.ES256)
    der = leaf_of(place)
    signature = asn1.Certificate.load(der)["signature_value"].native
    head = len(der) - len(signature) - 3
    for bits in range(1, 8):
        unused = der[: head + 2] + bytes((bits,)) + der[head + 3 :]
        with pytest.raises(BadCertificate):
            Certificate.load(unused)
    longer = b"\x30\x83\x00" + der[2:]
    assert asn1.Certificate.load(longer, strict=True)["tbs_certificate"].native
    with pytest.raises(BadCertificate, match="not in DER"):
        Certificate.load(longer)


def test_a_certificate_larger_than_any_is_not_looked_at() -> None:
    with pytest.raises(BadCertificate, match="larger"):
        Certificate.load(bytes(4097))
    with pytest.raises(BadCertificate, match="read"):
        Certificate.load(bytes(4096))


@both
def test_only_the_root_itself_makes_signers(alg: Alg) -> None:
    place = deployment(alg)
    window = {"not_before": NOW, "not_after": NOW + timedelta(days=1)}
    key = SoftwareSigner.generate(alg)
    for certificate, signer in ((place.root_certificate, key), (leaf_of(place), place.jiangsu)):
        with pytest.raises(BadCertificate):
            x509.make_signer(certificate, signer, key.public_key, Role.DOCUMENT, name="CN-32", **window)


def test_a_date_after_2049_is_written_the_other_way() -> None:
    signer = SoftwareSigner.generate(Alg.ES256)
    for far in (datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)):
        root = x509.make_root(signer, organisation=ORGANISATION, not_before=NOW, not_after=far)
        assert Certificate.load(root).not_after == int(far.timestamp())
        assert peer.load_der_x509_certificate(root).not_valid_after_utc == far


def test_cryptography_reads_and_verifies_the_es256_chain() -> None:
    place = deployment(Alg.ES256)
    root = peer.load_der_x509_certificate(place.root_certificate)
    leaf = peer.load_der_x509_certificate(leaf_of(place))
    root.verify_directly_issued_by(root)
    leaf.verify_directly_issued_by(root)
    assert leaf.extensions.get_extension_for_class(peer.BasicConstraints).value.ca is False
    assert root.serial_number > 0
    assert ORGANISATION in leaf.subject.rfc4514_string()


@needs_openssl
@both
def test_openssl_reads_and_verifies_the_chain(alg: Alg, tmp_path: Path) -> None:
    place = deployment(alg)
    files = {"root": place.root_certificate, "leaf": leaf_of(place)}
    for name, der in files.items():
        run("x509", "-inform", "der", "-out", str(tmp_path / name), stdin=der)
    text = run("x509", "-in", str(tmp_path / "leaf"), "-noout", "-text")
    assert ("SM2-with-SM3" if alg is Alg.SM2 else "ecdsa-with-SHA256") in text
    assert "CA:FALSE" in text
    # The identity that OpenSSL would otherwise take as empty.
    identity = ["-vfyopt", "distid:1234567812345678"] if alg is Alg.SM2 else []
    at = ["-attime", str(AT)]
    verified = run("verify", *at, *identity, "-CAfile", str(tmp_path / "root"), str(tmp_path / "leaf"))
    assert verified.endswith("leaf: OK\n")


@needs_openssl
def test_a_certificate_openssl_made_for_sm2_has_our_signature_form(tmp_path: Path) -> None:
    """The other way round: what OpenSSL signs with the identity, our check of the chain takes as signed."""
    key, request = tmp_path / "key", tmp_path / "request"
    run("genpkey", "-algorithm", "SM2", "-out", str(key))
    identity = ["-sigopt", "distid:1234567812345678", "-sm3"]
    run(
        "req",
        "-x509",
        "-new",
        "-key",
        str(key),
        *identity,
        "-subj",
        "/CN=Peer",
        "-days",
        "30",
        "-out",
        str(request),
    )
    der = subprocess.run(
        [str(OPENSSL), "x509", "-in", str(request), "-outform", "der"], capture_output=True, check=True
    ).stdout
    certificate = asn1.Certificate.load(der)
    signer = x509.PublicKey.from_spki(certificate["tbs_certificate"]["subject_public_key_info"].dump())
    signature = x509._raw_signature(certificate["signature_value"].native)
    signer.verify(certificate["tbs_certificate"].dump(), signature)


def run(*words: str, stdin: bytes | None = None) -> str:
    done = subprocess.run([str(OPENSSL), *words], input=stdin, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()
