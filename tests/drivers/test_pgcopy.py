"""Values to COPY octets and back; and what PostgreSQL makes of the octets."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.drivers import pgcopy
from liangzheng.drivers.chunk import new_ids
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Invalid

KINDS = ("text", "date", "int2", "bool", "bytea", "text")
ROWS = st.tuples(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=100),
    st.dates() | st.none(),
    st.integers(-32768, 32767),
    st.booleans(),
    st.binary(max_size=64) | st.none(),
    st.none(),
)


@given(ROWS)
def test_a_row_goes_to_octets_and_back(row: tuple[object, ...]) -> None:
    octets = b"".join(pgcopy.ENCODE[kind](value) for kind, value in zip(KINDS, row, strict=True))
    assert pgcopy.decode(octets, KINDS) == row


def test_octets_after_the_row_are_refused() -> None:
    with pytest.raises(Invalid):
        pgcopy.decode(pgcopy.text("a") + b"x", ("text",))


async def test_postgresql_reads_what_we_write(tx: Connection) -> None:
    await tx.execute(
        "CREATE TEMPORARY TABLE t (a text, b date, c smallint, d boolean, e bytea, f timestamptz, g bigint, h integer, i uuid)"
        " ON COMMIT DROP"
    )
    at = datetime(2026, 11, 20, 2, 0, 0, 123456, tzinfo=UTC)
    ident = UUID(bytes=new_ids(1)[0])
    row = pgcopy.row_start(9) + b"".join(
        (
            pgcopy.text("𠮷··"), pgcopy.day(date(1949, 12, 31)), pgcopy.small(-7), pgcopy.truth(True), pgcopy.octets(b"\0\xff"),
            pgcopy.instant(at), pgcopy.big(1 << 40), pgcopy.integer(-1), pgcopy.length_of(16), ident.bytes,
        )
    )  # fmt: skip

    async def pieces():  # type: ignore[no-untyped-def]
        yield pgcopy.HEADER + row + pgcopy.TRAILER

    await tx.copy_to_table("t", source=pieces(), format="binary")
    found = await tx.fetchrow("SELECT * FROM t")
    assert found is not None
    assert tuple(found.values()) == ("𠮷··", date(1949, 12, 31), -7, True, b"\0\xff", at, 1 << 40, -1, ident)


def test_ids_made_in_bulk_are_uuid_7_and_grow() -> None:
    ids = new_ids(10_000)
    assert ids == sorted(set(ids))
    uuids = [UUID(bytes=octets) for octets in ids]
    assert {uuid.version for uuid in uuids} == {7}
    assert {uuid.variant for uuid in uuids} == {"specified in RFC 4122"}
    assert len({uuid.int & 63 for uuid in uuids}) == 64, "every bucket is used"
