"""One-time codes against the vectors of RFC 4226 (appendix D) and RFC 6238 (appendix B)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from liangzheng.standards import totp

SECRET = b"12345678901234567890"
SECRETS = {
    "sha1": SECRET,
    "sha256": b"12345678901234567890123456789012",
    "sha512": b"1234567890123456789012345678901234567890123456789012345678901234",
}
RFC_6238 = [
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
]
RFC_4226 = [
    "755224",
    "287082",
    "359152",
    "969429",
    "338314",
    "254676",
    "287922",
    "162583",
    "399871",
    "520489",
]


@pytest.mark.parametrize(("seconds", "sha1", "sha256", "sha512"), RFC_6238)
def test_the_published_codes_come_out(seconds: int, sha1: str, sha256: str, sha512: str) -> None:
    step = totp.step_of(datetime.fromtimestamp(seconds, UTC))
    codes = [totp.code_at(secret, step, 8, algorithm) for algorithm, secret in SECRETS.items()]
    assert codes == [sha1, sha256, sha512]


def test_the_published_counters_come_out() -> None:
    assert [totp.code_at(SECRET, counter) for counter in range(10)] == RFC_4226


AT = datetime.fromtimestamp(1111111111, UTC)
STEP = totp.step_of(AT)


@pytest.mark.parametrize(("off", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(off: int, taken: bool) -> None:
    found = totp.matching_step(SECRET, totp.code_at(SECRET, STEP + off), AT)
    assert found == (STEP + off if taken else None)


def test_a_step_that_was_used_and_those_before_it_do_not_match_again() -> None:
    code = totp.code_at(SECRET, STEP)
    assert totp.matching_step(SECRET, code, AT, after=STEP - 1) == STEP
    assert totp.matching_step(SECRET, code, AT, after=STEP) is None


@pytest.mark.parametrize("code", ["", "000000", "12345", "1234567", "０１２３４５"])
def test_other_texts_match_nothing(code: str) -> None:
    assert totp.matching_step(SECRET, code, AT) is None


def test_a_secret_is_typed_and_scanned() -> None:
    assert totp.to_base32(SECRET) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert totp.from_base32(totp.to_base32(b"12345")) == b"12345"
    assert totp.otpauth_uri(SECRET, "Liang Zheng", "1001") == (
        "otpauth://totp/Liang%20Zheng:1001?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Liang%20Zheng"
    )
