"""A migration that has landed is never edited: databases out there remember it by its hash and refuse to start."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import liangzheng.migrations

FILES = Path(liangzheng.migrations.__path__[0])

LANDED = {
    "0001_infra.sql": "72740002bad82b0ca58e73c18c42e3a83c51b571043c5e37dff99ee10b443862",
    "0002_audit.sql": "5a0d5c092d1015bf884189d45a91ef4f8f782825fc78ed76117452a09d406707",
    "0003_accounts.sql": "026ca0331089320be689834bdb46b14481410788f6b9d0cd9aa8933d2cb425aa",
    "0004_drivers.sql": "0651cd0049bc1641d7ec7e30e7ca3e9b7dacbb37ff38189bf95c61f0e957eafc",
    "0005_rollout.sql": "6bd20153b096416141142a2a2e222586994cb6c69a9eff1d5e234a7a3f1b98b7",
    "0006_licences.sql": "87851d1e1e1c70adcac081c7f62b1938b691e70b6a134171e3bc5089f92b1dc8",
    "0007_showing.sql": "07066d853add637a4a4c7452c0fc26fab0f54a8ef1d291afd99028761a7e38d1",
    "0008_figures.sql": "db432bd6bf9e21a6d9ff1275c5670a32211552dfe7b48df29f4166d3c8cd2149",
    "0009_words_and_trust.sql": "6f12dbc470683830c7d3dfa110fa00e118538eb73e76ec9b72e0069db1a822ba",
    "0010_relying.sql": "103fd209d7964e442cc2283eb7785d97236b65d01872bb23f110a5b6783445ec",
    "0011_staff.sql": "eb1abcd482b4df15f3b49e6373dcfb28786a8aa9913cc48ca467b9e97e95ae9e",
    "0012_operations.sql": "e8b5452f85553047e4c9eca050e756f15336d0a285ff6f77ed3990acd52c3b5a",
    "0013_accounts_in_full.sql": "d87878568ce807170b813ff528bd860c9126a38ccce331798e8a3a385d2a38aa",
    "0014_register_feed.sql": "4bdf0a2ff17a994c0c10d17a2d64ba9b5032a3a044f68431607b554415e483c8",
    "0015_photo.sql": "b598db3c571dcc47ff191ae928d0d51b9c7328cef41933d49f8349b3e3260ebe",
    "0016_messages.sql": "37d44450d3a73ee341adf045bc2b535c74b439ab45759e065de5a322c2d81fe3",
    "0018_photo_deeper.sql": "d04de4f8bf061510e39516d89fd905e3c49a05ce398582e41f8aa14a4892661d",
    "0019_register_feed_deeper.sql": "1b000bfd4449560c6fd0ed675d5cbddbef02aa89645076edfcd5adfa613244bc",
    "0020_relying_deeper.sql": "efa738122e85a20af1685cf55ec1cf6c99aa739520a213f5c767b61310916a7f",
    "0021_staff_deeper.sql": "c27c89eb0c060afd0dc2375f46e16a251c9b794ea1c84435ef6b3428c0a47a21",
    "0022_operations_deeper.sql": "27cb3a1e77ef45004c929b0daaf5e3b41a67b354d3c0becee1bec84a5ce2e646",
    "0017_accounts_deeper.sql": "19e2dbfb3ec17359186edda10ff6b9b94f5cb667e1a505487fcd54ec9a53e717",
    "0023_stop_words_and_faces.sql": "df7236e6cf9b9ed5aac10bdff61a66fd1fb058caf7df80043599d69c9e00d0a6",
    "0027_weeks_and_traces.sql": "d7548c416a054b510e0429e1bdd785313942604239ac2685ae9d44b6f9e06ade",
    "0025_when_said.sql": "fcb0f5afcd044f9d75a119a46bb4fcbeac8a54b276e89cb4380b9f0411579276",
    "0026_feeds_and_notices_deeper.sql": "4720fe7078c75585e4b819d441a14d0f9e873a4bc0468e057403d5831fc0e002",
    "0028_face_reviews.sql": "dce135550edfb3e936df5bddf261d67313726e3f16061cef3731caebc6f483f6",
    "0024_notices_sent.sql": "6312370fdff148a76f51c5df30acbf5576d818d914766b3d03d78378015ba394",
    "0029_figures_in_parts.sql": "e9963e3dc058d0ba267be27c9c8d114d0ec2ddadb317a8e2e29361eb8db843b3",
    "0030_register_uploads.sql": "44179e268a877e4fd1651b6d3bc9d19bc79870b0520fd1948e93b578a4476f54",
    "0031_messages_end.sql": "673bad61edf5878c15dd6facf337c7cf7e33d27d1a1e6f0d5e800f146a478960",
    "0032_fonts.sql": "4a7f0136cdd62047eec024bbc639c69a93dffe022088ac0cbdcd78ddb3ecd7b6",
    "0033_over_by_time.sql": "27443a5ebabdcb12de681d7c1d2b3743b97b3bbac3b66afbd9e75f851430f51e",
    "0034_replacements_apart.sql": "cda79a84ade452b198cad32d0a00f31fed8fd826b59114dc3208eb27d892b298",
}
"""File and the SHA-256 of its octets, as it landed. A new migration adds its line; a line is never changed."""

WAY_OUT = (
    "{name} is not what landed. A migration is history: put the file back (`git checkout {name}`) and write what you "
    "want to change as a new migration, {next:04d}_<name>.sql"
)


def not_as_landed(files: dict[str, bytes]) -> list[str]:
    """What is wrong with these migrations, each with its way out."""
    coming = max(int(name[:4]) for name in LANDED) + 1
    found = [
        WAY_OUT.format(name=name, next=coming)
        for name, digest in LANDED.items()
        if name not in files or hashlib.sha256(files[name]).hexdigest() != digest
    ]
    return found + [f"{name} is new: add its line to LANDED" for name in files if name not in LANDED]


def on_disk() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(FILES.glob("[0-9]*.sql"))}


def test_every_landed_migration_is_as_it_landed() -> None:
    assert not_as_landed(on_disk()) == []


@pytest.mark.parametrize("name", LANDED)
def test_a_changed_or_missing_one_is_named_with_the_way_out(name: str) -> None:
    """Also when the sum was written again after the change: the sum says nothing of how it came about."""
    files = on_disk()
    (changed,) = not_as_landed(files | {name: files[name] + b"\n-- tidied\n"})
    (missing,) = not_as_landed({other: octets for other, octets in files.items() if other != name})
    assert changed == missing
    assert name in changed and f"{max(int(each[:4]) for each in LANDED) + 1:04d}_<name>.sql" in changed


def test_a_new_one_asks_for_its_line() -> None:
    assert not_as_landed(on_disk() | {"9999_new.sql": b""}) == ["9999_new.sql is new: add its line to LANDED"]
