"""SM2 and SM3: the values of the standard, a second implementation both ways, and encodings that are refused."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import gmalg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liangzheng.standards import sm
from liangzheng.standards.errors import BadKey, BadSignature, LibraryUnavailable
from liangzheng.standards.keys import Alg, PublicKey, SoftwareSigner
from liangzheng.standards.sm import libcrypto as libcrypto_module
from liangzheng.standards.sm.curve import N, P
from liangzheng.standards.sm.sm2 import SIGNER_ID

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "gbt-sm.json").read_text())
SM2 = VECTORS["sm2"]
POINT = bytes.fromhex(SM2["x"] + SM2["y"])
SIGNATURE = bytes.fromhex(SM2["r"] + SM2["s"])
MESSAGE = SM2["message"].encode()
PRIVATE = SoftwareSigner.generate(Alg.SM2)


def standard_key() -> sm.PublicKey:
    return sm.PublicKey(sm.SM2_SPKI_PREFIX + POINT)


@pytest.mark.parametrize("vector", VECTORS["sm3"], ids=["abc", "64 octets"])
def test_the_hashes_of_the_standard(vector: dict[str, str]) -> None:
    assert sm.sm3(bytes.fromhex(vector["message_hex"])).hex() == vector["digest"]


@given(st.binary(max_size=300))
def test_a_second_implementation_gets_the_same_hash(octets: bytes) -> None:
    second = gmalg.SM3()
    second.update(octets)
    assert sm.sm3(octets) == second.value()


def test_the_signature_of_the_standard_verifies() -> None:
    assert SIGNER_ID.decode() == SM2["signer_id"]
    assert standard_key().digest(MESSAGE).hex() == SM2["e"]
    standard_key().verify(MESSAGE, SIGNATURE)


@given(st.integers(0, 511))
@settings(max_examples=60)
def test_the_signature_of_the_standard_with_any_bit_changed_does_not(bit: int) -> None:
    changed = (int.from_bytes(SIGNATURE, "big") ^ 1 << bit).to_bytes(64, "big")
    with pytest.raises(BadSignature):
        standard_key().verify(MESSAGE, changed)


def test_another_message_another_key_and_another_identity_do_not_verify() -> None:
    with pytest.raises(BadSignature):
        standard_key().verify(MESSAGE + b"!", SIGNATURE)
    with pytest.raises(BadSignature):
        PRIVATE.public_key.verify(MESSAGE, SIGNATURE)
    somebody_else = gmalg.SM2(bytes.fromhex(SM2["d"]), b"ALICE123@YAHOO.COM", b"\x04" + POINT)
    r, s = somebody_else.sign(MESSAGE)
    with pytest.raises(BadSignature):
        standard_key().verify(MESSAGE, r + s)


def test_a_second_implementation_takes_our_signatures() -> None:
    point = b"\x04" + PRIVATE.public_key.spki[27:]
    second = gmalg.SM2(uid=SIGNER_ID, pk=point)
    for message in (b"", b"a", bytes(1000)):
        signature = PRIVATE.sign(message)
        assert second.verify(message, signature[:32], signature[32:])
        assert not second.verify(message + b"!", signature[:32], signature[32:])


def test_we_take_the_signatures_of_a_second_implementation() -> None:
    second = gmalg.SM2(bytes.fromhex(SM2["d"]), SIGNER_ID, b"\x04" + POINT)
    for message in (b"", b"a", bytes(1000)):
        r, s = second.sign(message)
        standard_key().verify(message, r.rjust(32, b"\0") + s.rjust(32, b"\0"))


def test_taking_n_minus_s_makes_no_second_signature() -> None:
    """What ECDSA allows (test_keys.py), SM2 does not."""
    r, s = SIGNATURE[:32], int.from_bytes(SIGNATURE[32:], "big")
    with pytest.raises(BadSignature):
        standard_key().verify(MESSAGE, r + (N - s).to_bytes(32, "big"))


@pytest.mark.parametrize(
    ("r", "s"),
    [
        (0, 1),
        (1, 0),
        (0, 0),
        (N, 1),
        (1, N),
        (N + 1, N + 1),
        (1, N - 1),
        (N - 1, 1),
        (2**256 - 1, 2**256 - 1),
    ],
)
def test_numbers_outside_their_range_are_refused(r: int, s: int) -> None:
    with pytest.raises(BadSignature, match="range"):
        standard_key().verify(MESSAGE, r.to_bytes(32, "big") + s.to_bytes(32, "big"))


@pytest.mark.parametrize("length", [0, 63, 65, 70, 128])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(BadSignature, match="64 octets"):
        standard_key().verify(MESSAGE, (SIGNATURE * 2)[:length])


def test_no_two_signatures_share_their_random_number() -> None:
    signatures = [PRIVATE.sign(b"the same message") for _ in range(500)]
    assert len({signature[:32] for signature in signatures}) == 500


def test_a_key_not_on_the_curve_is_refused() -> None:
    x, y = POINT[:32], POINT[32:]
    off = [
        x + (int.from_bytes(y, "big") ^ 1).to_bytes(32, "big"),
        bytes(64),
        y + x,
        (int.from_bytes(x, "big") + P).to_bytes(33, "big")[-32:] + y,
        P.to_bytes(32, "big") + y,
    ]
    for point in off:
        with pytest.raises(BadKey):
            sm.PublicKey(sm.SM2_SPKI_PREFIX + point)


def test_only_the_one_encoding_of_a_public_key_is_read() -> None:
    spki = sm.SM2_SPKI_PREFIX + POINT
    p256 = SoftwareSigner.generate(Alg.ES256).public_key.spki
    for other in (b"", spki[:-1], spki + b"\0", p256, spki.replace(b"\x2a\x81\x1c", b"\x2a\x81\x1d")):
        with pytest.raises(BadKey):
            sm.PublicKey(other)


def test_a_key_with_a_compressed_point_is_not_in_its_one_encoding() -> None:
    """libcrypto would read it."""
    start = bytes.fromhex("3039301306072a8648ce3d020106082a811ccf5501822d032200")
    with pytest.raises(BadKey, match="one DER form"):
        sm.PublicKey(start + bytes((2 | POINT[-1] & 1,)) + POINT[:32])


@given(st.integers(2, 3), st.binary(min_size=32, max_size=32))
def test_a_compressed_key_is_a_point_of_the_curve_or_refused(parity: int, x: bytes) -> None:
    compressed = bytes((parity,)) + x
    try:
        key = PublicKey.from_compressed(Alg.SM2, compressed)
    except BadKey:
        return
    assert key.compressed == compressed


@pytest.mark.parametrize(
    "compressed", [b"", b"\x02" + bytes(31), b"\x04" + POINT[:32], b"\x02" + b"\xff" * 32]
)
def test_a_compressed_key_in_another_form_is_refused(compressed: bytes) -> None:
    with pytest.raises(BadKey):
        PublicKey.from_compressed(Alg.SM2, compressed)


def test_a_private_key_is_read_back_and_nothing_after_it_is_allowed() -> None:
    der = PRIVATE.to_pkcs8()
    again = SoftwareSigner.from_pkcs8(der)
    assert (again.alg, again.kid) == (Alg.SM2, PRIVATE.kid)
    PRIVATE.public_key.verify(b"m", again.sign(b"m"))
    for damaged in (der + b"\0", der[:-1], b""):
        with pytest.raises(BadKey):
            sm.PrivateKey.from_pkcs8(damaged)


def test_a_private_key_with_another_keys_point_is_refused() -> None:
    der = PRIVATE.to_pkcs8()
    point = PRIVATE.public_key.spki[27:]
    assert der.count(point) == 1
    with pytest.raises(BadKey, match="belong together"):
        sm.PrivateKey.from_pkcs8(der.replace(point, POINT))


def test_a_key_of_another_curve_is_not_an_sm2_key() -> None:
    with pytest.raises(BadKey):
        sm.PrivateKey.from_pkcs8(SoftwareSigner.generate(Alg.ES256).to_pkcs8())


def test_threads_may_sign_and_verify_with_one_key() -> None:
    faults: list[Exception] = []

    def work() -> None:
        try:
            for number in range(30):
                message = str(number).encode()
                PRIVATE.public_key.verify(message, PRIVATE.sign(message))
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_a_missing_library_is_named_with_the_setting_that_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LZ_LIBCRYPTO", "/nowhere/libcrypto.so")
    with pytest.raises(LibraryUnavailable, match=r"LZ_LIBCRYPTO.*/nowhere/libcrypto\.so"):
        libcrypto_module.libcrypto.__wrapped__()


def test_a_library_that_is_no_libcrypto_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LZ_LIBCRYPTO", "libc.so.6")
    with pytest.raises(LibraryUnavailable):
        libcrypto_module.libcrypto.__wrapped__()


def test_es256_needs_no_such_library() -> None:
    program = (
        "from liangzheng.standards.keys import Alg, SoftwareSigner\n"
        "signer = SoftwareSigner.generate(Alg.ES256)\n"
        "signer.public_key.verify(b'm', signer.sign(b'm'))\n"
    )
    environment = {"LZ_LIBCRYPTO": "/nowhere", "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
