"""`./lz staff` as processes of its own: add, duties, suspend, reset, end, list."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from liangzheng import staff
from liangzheng.infra.keys_file import write_whole
from liangzheng.infra.postgres import Database


class Operator:
    """Runs commands on this test's database, as on an operator's own."""

    def __init__(self, database: Database, folder: Path) -> None:
        where = database.params
        address = f"postgresql://{where.user}@:{where.port}/{where.database}?host={where.host}"
        self.environment = {
            "LZ_DATABASE_URL": address, "LZ_DATA_DIR": str(folder), "PYTHONPATH": "src", "COLUMNS": "160",
        }  # fmt: skip

    async def run(self, *words: str, told: str = "") -> tuple[int, str]:
        """Exit status and everything it said; `told` comes on its standard input."""
        child = await asyncio.create_subprocess_exec(
            sys.executable, *("-m", "liangzheng", "staff", *words), env=self.environment,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await child.communicate(told.encode())
        assert child.returncode is not None
        return child.returncode, said.decode()


@pytest.fixture
def operator(database: Database, tmp_path: Path) -> Operator:
    return Operator(database, tmp_path)


async def test_somebody_is_added_given_duties_stopped_reset_and_ended(
    operator: Operator, database: Database
) -> None:
    status, said = await operator.run(
        "add", "100001", "样本警员", "样本大队", "--duty", "patrol", "--duty", "audit", "--region", "3209"
    )
    assert status == 0, said
    code = said.split("enrolment code: ")[1].strip()
    assert len(code) == 24
    status, said = await operator.run("duties", "100001", "--region", "nationwide", "--give", "keys")
    assert (status, said.startswith("lz: ")) == (1, True) and "three people" in said
    status, said = await operator.run(
        "duties",
        "100001",
        "--region",
        "3209",
        "--take",
        "audit",
        "--give",
        "penalty",
        "--until",
        "2027-01-31",
    )
    assert (status, said.strip()) == (0, "100001: patrol 3209, penalty 3209 until 2027-01-31")
    assert "100001: suspended" in (await operator.run("suspend", "100001"))[1]
    assert "100001: active" in (await operator.run("resume", "100001"))[1]
    _, said = await operator.run("reset", "100001")
    assert "enrolment code: " in said and code not in said
    _, listed = await operator.run("list")
    assert "样本大队" in listed and "active" in listed and "no" in listed
    assert (await operator.run("end", "100001"))[0] == 0
    async with database.read() as tx:
        found = await staff.member_with_number(tx, "100001")
    assert (found.state.value, found.enrolled) == ("ended", False)
    assert (await operator.run("resume", "100001"))[0] == 1


async def test_somebody_is_linked_to_a_person_and_the_number_is_said_nowhere(
    operator: Operator, database: Database, tmp_path: Path
) -> None:
    number = "11010519491231002X"
    who = ("add", "100003", "样本警员", "样本车管所", "--region", "3209", "--link")
    status, said = await operator.run(*who, told=number)
    assert status == 1 and "keys init" in said, "there is no secret to hash it with yet"
    (tmp_path / "keys" / "index").mkdir(parents=True, mode=0o700)
    write_whole(tmp_path / "keys" / "index" / "index.secret", bytes(32))
    status, said = await operator.run(*who, told=number[:-1] + "1\n")
    assert status == 1 and number[:-1] not in said, "that is nobody's number"
    status, said = await operator.run(*who, told=f" {number.lower()} \n")
    assert status == 0 and number not in said.upper(), said
    await operator.run("add", "100004", "样本警员", "样本车管所", "--region", "3209")
    before = (await operator.run("list"))[1].splitlines()
    assert [line.split()[:4] for line in before[1:]] == [
        ["100003", "active", "no", "yes"], ["100004", "active", "no", "no"],
    ]  # fmt: skip
    assert (await operator.run("link", "100004", told=number))[0] == 0
    assert (await operator.run("link", "100009", told=number))[0] == 1
    async with database.read() as tx:
        links = [row["person_link"] for row in await tx.fetch("SELECT person_link FROM staff")]
    assert links[0] is not None and links[0] == links[1]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("add", "1", "样本", "样本", "--region", "32"), 1),
        (("add", "100002", "样本", "样本", "--region", "99"), 1),
        (("add", "100002", "样本", "样本", "--region", "32", "--duty", "king"), 2),
        (("end", "100009"), 1),
        (("duties", "100009", "--region", "32"), 1),
    ],
)
async def test_a_wrong_call_is_told_in_a_sentence(
    operator: Operator, words: tuple[str, ...], status: int
) -> None:
    got, said = await operator.run(*words)
    assert got == status, said
    assert "Traceback" not in said
