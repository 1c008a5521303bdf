"""Ids: one kind is never another, one text is one id, later is larger."""

from __future__ import annotations

import threading
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.kernel import ids
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import BUCKETS, DriverId, Id, LicenceId, Uuid7Maker, compose_uuid7

KINDS = sorted(Id.__subclasses__(), key=lambda kind: kind.__name__)
SAMPLE = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


def test_the_kinds_and_their_prefixes() -> None:
    assert {kind.prefix: kind.__name__ for kind in KINDS} == {
        "per": "PersonId",
        "drv": "DriverId",
        "app": "ApplicationId",
        "lic": "LicenceId",
        "crd": "CredentialId",
        "pky": "PhoneKeyId",
        "fch": "FaceCheckId",
        "ses": "SessionId",
        "vrf": "VerificationId",
        "ver": "VerifierId",
        "imp": "ImportId",
        "upl": "UploadId",
        "src": "SourceId",
        "aud": "AuditId",
        "evt": "EventId",
        "wav": "WaveId",
        "pho": "PhotoId",
        "msg": "MessageId",
        "stf": "StaffId",
        "sss": "StaffSessionId",
        "lkp": "LookUpId",
        "prp": "ProposalId",
        "com": "CompanyId",
        "crq": "ConsentRequestId",
        "cns": "ConsentId",
        "psk": "PasskeyId",
        "hld": "HeldActId",
        "agr": "AgreementId",
        "psn": "PseudonymId",
        "ntc": "NoticeId",
        "cor": "CorrectionRequestId",
    }


@given(st.sampled_from(KINDS), st.uuids())
def test_text_and_id_are_one_to_one(kind: type[Id], uuid: UUID) -> None:
    text = str(kind(uuid))
    assert text.startswith(kind.prefix + "_")
    assert len(text) == 30
    assert kind.parse(text) == kind(uuid)
    assert text not in repr(uuid)


def test_a_known_text() -> None:
    # 16 octets, two zero bits in front, five bits a character: computed by hand from RFC 9562's UUIDv7 shape.
    assert str(DriverId(UUID(int=0))) == "drv_" + "0" * 26
    assert str(DriverId(UUID(int=31))) == "drv_" + "0" * 25 + "z"
    assert str(DriverId(UUID(int=(1 << 128) - 1))) == "drv_7" + "z" * 25


@given(st.uuids(), st.uuids())
def test_text_orders_as_ids_do(one: UUID, two: UUID) -> None:
    assert (str(DriverId(one)) < str(DriverId(two))) == (DriverId(one) < DriverId(two))


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "drv_",
        str(LicenceId(SAMPLE)),
        str(DriverId(SAMPLE)).upper(),
        str(DriverId(SAMPLE))[:-1],
        str(DriverId(SAMPLE)) + "0",
        " " + str(DriverId(SAMPLE)),
        str(DriverId(SAMPLE)) + "\n",
        str(DriverId(SAMPLE)).replace("_", "-"),
        str(SAMPLE),
        "drv_" + str(SAMPLE),
        "drv_8" + "0" * 25,
        "drv_" + "0" * 25 + "i",
        "drv_" + "0" * 25 + "l",
        "drv_" + "0" * 25 + "o",
        "drv_" + "0" * 25 + "u",
        "drv_" + "0" * 25 + "Z",
        "drv_" + "0" * 25 + "０",
    ],
)
def test_only_the_canonical_text_of_this_kind_parses(wrong: str) -> None:
    with pytest.raises(Invalid) as caught:
        DriverId.parse(wrong)
    assert caught.value.place == "DriverId"


def test_another_kind_is_never_equal_and_never_the_same_key() -> None:
    driver: Id = DriverId(SAMPLE)
    licence: Id = LicenceId(SAMPLE)
    assert driver != licence
    assert len({driver: 1, licence: 2}) == 2
    assert hash(driver) != hash(licence)
    assert driver == DriverId(SAMPLE)
    assert hash(driver) == hash(DriverId(SAMPLE))
    with pytest.raises(TypeError):
        sorted([driver, licence])


def test_an_id_without_a_kind_cannot_be() -> None:
    with pytest.raises(TypeError):
        Id(SAMPLE)


def test_an_id_wraps_a_uuid_and_nothing_else() -> None:
    with pytest.raises(Invalid):
        DriverId(str(SAMPLE))  # type: ignore[arg-type]


def test_an_id_does_not_change() -> None:
    driver = DriverId(SAMPLE)
    with pytest.raises(AttributeError):
        driver.uuid = UUID(int=0)  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        driver.note = "x"  # type: ignore[attr-defined]


def test_new_ids_are_version_7_and_grow() -> None:
    made = [DriverId.new() for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {one.uuid.version for one in made} == {7}
    assert {one.uuid.variant for one in made} == {"specified in RFC 4122"}


def test_new_ids_reach_every_bucket() -> None:
    assert {DriverId.new().bucket for _ in range(3000)} == set(range(BUCKETS))


@given(st.uuids())
def test_a_bucket_is_the_last_six_bits(uuid: UUID) -> None:
    assert DriverId(uuid).bucket == uuid.bytes[-1] & 0b111111


def test_ids_grow_while_the_clock_stands_still_or_steps_back() -> None:
    clock = iter([1000] * 9000 + [10] * 9000 + [2000])
    make = Uuid7Maker(ms_now=lambda: next(clock))
    made = [make() for _ in range(18001)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert made[-1].int >> 80 == 2000


def test_without_the_sequence_a_standing_clock_would_not_sort() -> None:
    tails = iter([5, 4])
    shuffled = [compose_uuid7(1000, 0, next(tails)) for _ in range(2)]
    assert shuffled != sorted(shuffled)


def test_threads_never_make_the_same_id() -> None:
    made: list[DriverId] = []

    def work() -> None:
        made.extend([DriverId.new() for _ in range(2000)])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8000


@pytest.mark.parametrize("parts", [(-1, 0, 0), (1 << 48, 0, 0), (0, 1 << 12, 0), (0, 0, 1 << 62)])
def test_parts_too_large_for_their_bits_are_refused(parts: tuple[int, int, int]) -> None:
    with pytest.raises(Invalid):
        compose_uuid7(*parts)


def test_the_module_lists_no_kind_twice() -> None:
    assert len({kind.prefix for kind in KINDS}) == len(KINDS)
    assert all(getattr(ids, kind.__name__) is kind for kind in KINDS)
