"""`./lz verifier`: add, list, end; as processes of their own."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import NotAuthenticated
from liangzheng.showing import authenticate


class Operator:
    """Runs commands on this test's database, as on an operator's own."""

    def __init__(self, database: Database, folder: Path) -> None:
        where = database.params
        address = f"postgresql://{where.user}@:{where.port}/{where.database}?host={where.host}"
        self._environment = {"LZ_DATABASE_URL": address, "LZ_DATA_DIR": str(folder), "PYTHONPATH": "src"}

    async def run(self, *words: str) -> tuple[int, str]:
        """Exit status and everything it said."""
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "liangzheng", "verifier", *words),
            env=self._environment,
            stdout=pipe,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await child.communicate()
        assert child.returncode is not None
        return child.returncode, said.decode()


@pytest.fixture
def operator(database: Database, tmp_path: Path) -> Operator:
    return Operator(database, tmp_path)


async def test_a_verifier_is_added_listed_and_ended(operator: Operator, database: Database) -> None:
    status, said = await operator.run("add", "样本大队", "--kind", "police")
    assert status == 0, said
    verifier_id, token = said.split()[0], said.split("token: ")[1].strip()
    assert (await authenticate(database, token)).name == "样本大队"
    _, listed = await operator.run("list")
    assert verifier_id in listed and "active" in listed and token not in listed
    assert (await operator.run("end", verifier_id))[0] == 0
    with pytest.raises(NotAuthenticated):
        await authenticate(database, token)
    status, said = await operator.run("end", verifier_id)
    assert (status, said.startswith("lz: ")) == (1, True)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("add", "x", "--kind", "king"), 2),
        (("add", "x", "--kind", "company"), 1),  # under its registration alone
        (("end", "ver_x"), 1),
    ],
)
async def test_a_wrong_call_is_told_in_a_sentence(
    operator: Operator, words: tuple[str, ...], status: int
) -> None:
    left, said = await operator.run(*words)
    assert left == status
    assert "Traceback" not in said
