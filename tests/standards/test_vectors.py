"""The published vectors are the files their origins gave out, and what they say holds for our codecs."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import cbor2
import pytest

from liangzheng.standards import cbor, cose
from liangzheng.standards.errors import BadSignature, Malformed
from liangzheng.standards.keys import Alg, PublicKey
from liangzheng.standards.statuslist import StatusList

VECTORS = Path(__file__).parents[1] / "vectors"


def vectors(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


def test_every_vector_file_is_the_one_its_origin_gave_out() -> None:
    rows = re.findall(
        r"^\| `([^`]+)` .* `([0-9a-f]{64})` \|$", (VECTORS / "README.md").read_text(), re.MULTILINE
    )
    assert dict(rows) == {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in VECTORS.iterdir()
        if file.is_file() and file.name != "README.md"
    }


SIGNED = vectors("cose-cwt.json")


def key_of(vector: Any) -> PublicKey:
    return PublicKey.from_point(Alg.ES256, bytes.fromhex("04" + vector["x"] + vector["y"]))


@pytest.mark.parametrize("name", ["rfc9052_c_2_1", "rfc8392_a_3"])
def test_the_signature_of_a_published_cose_sign1_verifies(name: str) -> None:
    vector = SIGNED[name]
    protected, _, payload, signature = cbor2.loads(bytes.fromhex(vector["sign1"])).value
    signed = cbor.encode(["Signature1", protected, b"", payload])
    key_of(vector).verify(signed, signature)
    with pytest.raises(BadSignature):
        key_of(vector).verify(signed + b"\0", signature)


def test_the_claims_of_a_published_cwt_are_read_and_written_alike() -> None:
    vector = SIGNED["rfc8392_a_3"]
    payload = cbor2.loads(bytes.fromhex(vector["sign1"])).value[2]
    claims = {
        int(key): bytes.fromhex(value["hex"]) if isinstance(value, dict) else value
        for key, value in vector["claims"].items()
    }
    assert cbor.decode(payload) == claims
    assert cbor.encode(claims) == payload


@pytest.mark.parametrize("name", ["rfc9052_c_2_1", "rfc8392_a_3"])
@pytest.mark.parametrize("skip", [0, 1])
def test_a_cose_sign1_with_the_key_id_outside_the_signature_is_not_of_our_shape(name: str, skip: int) -> None:
    octets = bytes.fromhex(SIGNED[name]["sign1"])[skip:]
    with pytest.raises(Malformed):
        cose.parse(octets)


def test_what_we_have_signed_is_the_sig_structure_of_the_standard() -> None:
    kid, payload = b"12345678", b"payload"
    for alg in Alg:
        protected = cbor.encode({4: kid})
        assert cose.to_be_signed(alg, kid, payload) == cbor.encode(["Signature1", protected, b"", payload])
        sealed = cose.seal(cose.to_be_signed(alg, kid, payload), bytes(64))
        assert sealed == cbor.encode([protected, {}, payload, bytes(64)])


def test_the_issuer_signature_of_iso_18013_5_annex_d_verifies() -> None:
    response = cbor2.loads(
        bytes.fromhex(vectors("iso18013-5-annex-d.json")["ISO_18013_5_ANNEX_D_DEVICE_RESPONSE"])
    )
    protected, unprotected, payload, signature = response["documents"][0]["issuerSigned"]["issuerAuth"]
    certificate = unprotected[33]
    # The SubjectPublicKeyInfo of a P-256 key is 91 octets that begin like this one.
    start = certificate.index(bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200"))
    key = PublicKey.from_spki(certificate[start : start + 91])
    assert cbor.decode(protected) == {1: Alg.ES256}
    key.verify(cbor.encode(["Signature1", protected, b"", payload]), signature)


@pytest.mark.parametrize(
    "vector", vectors("token-status-list.json")["vectors"], ids=lambda v: f"{v['bits']} bits"
)
def test_a_published_status_list_is_read_and_one_of_ours_says_the_same(vector: Any) -> None:
    made = StatusList.blank(vector["bits"], vector["size"])
    for index, value in vector["set"].items():
        made[int(index)] = value
    as_json = {"bits": vector["bits"], "lst": vector["json_lst"]}
    as_cbor = dict(cbor2.loads(bytes.fromhex(vector["cbor_hex"])))
    # Compared after unpacking: which octets a compressor chooses is its own affair.
    for member in (as_json, as_cbor, made.as_json(), made.as_cbor()):
        assert StatusList.from_member(member) == made
    read = StatusList.from_member(as_cbor)
    assert {i: read[i] for i in range(vector["size"]) if read[i]} == {
        int(index): value for index, value in vector["set"].items() if value
    }
