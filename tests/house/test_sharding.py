"""Every statement names the shard key of every table it touches; those that cross shards are listed, with why.

Read from the source: the text of each SQL constant, its tables (after FROM, JOIN, INTO, UPDATE, USING) and whether
their shard keys occur in it. A key that occurs only as a column of the answer passes: this is a net, not a proof.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import liangzheng
import liangzheng.accounts.store
import liangzheng.staff.store
from house.shards import REFERENCE_TABLES, SHARD_KEYS
from liangzheng import accounts, licences

PACKAGE = Path(liangzheng.__file__).parent
STATEMENT = re.compile(r"^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
TABLE = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE|USING)\s+(?:ONLY\s+)?([a-z_]+)\b")
FORBIDDEN = re.compile(
    r"\b(uuidv7\(|JSON_TABLE|WITHOUT OVERLAPS|LISTEN\s|NOTIFY\s|pg_notify|MERGE INTO|nextval)|^\s*SET\s+(?!LOCAL)",
    re.IGNORECASE,
)

CROSS_SHARD = {
    "accounts/store_agreements.py::open_corrections": "a list for whoever answers requests",
    "staff/store_passkeys.py::_OVER": "the daily pruning",
    "audit/store.py::buckets_to_seal": "the sealing job asks which chains have something new",
    "audit/store.py::sealed_beyond": "the check of a chain, by its bucket's index",
    "drivers/store.py::unfinished": "an administrator's import looks for the one it resumes",
    "drivers/store.py::begin": "an administrator's import takes its number",
    "drivers/store.py::files_drawn_at": "a record knows the import that wrote it by its number; a row for each file there ever was",
    "drivers/store.py::count_of": "a dry run of the rollout: an administrator asks about the whole country",
    "drivers/store_uploads.py::waiting": "an administrator begins a file: how many wait",
    "drivers/store_uploads.py::forget": "the hourly pruning",
    "reviewing/store.py::figures": "a figure for operators",
    "infra/outbox.py::depth": "a figure for operators",
    "infra/outbox.py::subjects": "a check of fsck",
    "staff/store.py::prune": "the hourly pruning of attempts long past",
    "staff/store_casework.py::forget_counts": "the hourly pruning of days long past",
    "staff/store_sample.py::draw": "the weekly drawing of look-ups for review",
    "drivers/store_restored.py::raise_versions": "a restore, before the service opens",
    "drivers/store_restored.py::read_since": "the operator's confirmation after a restore",
    "drivers/store_restored.py::drivers_by_authority": "the operator's confirmation after a restore",
    "infra/epochs.py::confirm": "the operator's confirmation after a restore",
    "licences/store/restored.py::raise_list_versions": "a restore, before the service opens",
    "accounts/store_restored.py::end_sessions": "a restore, before the service opens",
    "accounts/store_restored.py::end_challenges": "a restore, before the service opens",
    "staff/store_restored.py::end_logins": "a restore, before the service opens",
    "relying/store/restored.py::end_tokens": "a restore, before the service opens",
}
"""place → why the statement may cross shards: reports and batch jobs only, nothing a request waits for."""

QUEUES = [
    {f"queue.{part}": getattr(queue, part) for part in ("table", "shard", "named", "more", "joins")}
    for queue in (licences.PHOTO_QUEUE, accounts.FACE_QUEUE)
]
ATTEMPTS = [
    {"place.table": place.table, "place.hashed": place.hashed}
    for place in (liangzheng.accounts.store.ATTEMPTS, liangzheng.staff.store.ATTEMPTS)
]
FILLED_IN = {"reviewing/store.py": QUEUES, "infra/attempts.py": ATTEMPTS}
"""Files whose statements are filled in with what the owner of a table declares, each time anew."""

CHECKS = re.compile(r"^\w+/(store_findings\.py|store/findings\.py|outbox\.py)::CHECKS$")
"""The questions of fsck look at everything."""


@dataclass(frozen=True)
class Statement:
    place: str
    text: str


def statements(source: str, name: str, parts: Mapping[str, str] | None = None) -> Iterator[Statement]:
    """Every SQL text of a file, with the function or constant it stands in; constants in f-strings, and `parts`, are
    filled in."""
    tree = ast.parse(source)
    constants = dict(parts or {})
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            target = ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
            if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                constants[target] = node.value.value
            elif isinstance(node.value, ast.Tuple):
                constants[f"', '.join({target})"] = ast.unparse(node.value)
    yield from _inside(tree, name, "", constants)


def _inside(node: ast.AST, name: str, place: str, constants: Mapping[str, str]) -> Iterator[Statement]:
    for child in ast.iter_child_nodes(node):
        here = place
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            here = child.name
        elif isinstance(child, ast.Assign | ast.AnnAssign) and not place:
            here = ast.unparse(child.targets[0] if isinstance(child, ast.Assign) else child.target)
        text = _text(child, constants)
        if text is None:
            yield from _inside(child, name, here, constants)
        elif STATEMENT.match(text):
            yield Statement(f"{name}::{here}", text)


def _text(node: ast.AST, constants: Mapping[str, str]) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else constants.get(ast.unparse(part.value), " ")
            for part in node.values
            if isinstance(part, ast.Constant | ast.FormattedValue)
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text(node.left, constants), _text(node.right, constants)
        return None if left is None else left + (right or " ")
    return None


def faults(statement: Statement) -> list[str]:
    tables = set(TABLE.findall(statement.text)) & set(SHARD_KEYS)
    found = [
        f"{table} without {SHARD_KEYS[table]}"
        for table in sorted(tables)
        if not re.search(rf"\b{SHARD_KEYS[table]}\b", statement.text)
    ]
    if FORBIDDEN.search(statement.text):
        found.append("uses what not every server has, or a pooled connection must not")
    return found


def every_statement() -> list[Statement]:
    return [
        statement
        for path in sorted(PACKAGE.rglob("*.py"))
        for parts in FILLED_IN.get(path.relative_to(PACKAGE).as_posix(), [{}])
        for statement in statements(
            path.read_text(encoding="utf-8"), path.relative_to(PACKAGE).as_posix(), parts
        )
    ]


def test_every_statement_stays_on_its_shard_or_is_listed() -> None:
    found = every_statement()
    assert len(found) > 100, "the reader finds the statements"
    crossing = {
        f"{statement.place}: {fault}"
        for statement in found
        for fault in faults(statement)
        if statement.place not in CROSS_SHARD and not CHECKS.match(statement.place)
    }
    assert crossing == set()


def test_the_list_holds_nothing_that_no_longer_crosses() -> None:
    assert set(CROSS_SHARD) <= {statement.place for statement in every_statement() if faults(statement)}


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("tx.fetch('SELECT * FROM driver WHERE file_number = $1', n)", "driver without driver_id"),
        ("tx.fetch('UPDATE licence SET state = $1 WHERE id = $2', a, b)", "licence without driver_id"),
        ("tx.fetch(f'DELETE FROM {_T} WHERE id = $1', n)\n_T = 'session'", "session without person_id"),
        (
            "tx.fetch('SELECT 1 FROM account a JOIN person p ON p.name = a.mobile')",
            "account without person_id",
        ),
        ("tx.fetch('SELECT uuidv7()')", "not every server has"),
        (
            'Q = """\n  WITH gone AS (DELETE FROM outbox RETURNING id)\n  SELECT id FROM gone"""',
            "outbox without bucket",
        ),
    ],
)
def test_a_planted_breach_is_seen(code: str, fault: str) -> None:
    (statement,) = statements(code, "planted.py")
    assert any(fault in found for found in faults(statement))


def test_a_queue_that_named_another_shard_would_be_seen() -> None:
    source = (PACKAGE / "reviewing/store.py").read_text(encoding="utf-8")
    found = list(
        statements(
            source, "planted.py", QUEUES[1] | {"queue.shard": "id", "queue.more": "1", "queue.joins": ""}
        )
    )
    places = {statement.place for statement in found if "face_review without person_id" in faults(statement)}
    assert {"planted.py::close", "planted.py::set_taken", "planted.py::escalate_due"} <= places


def test_a_statement_with_its_key_is_left_alone() -> None:
    code = "tx.fetch(f'SELECT {_C} FROM driver WHERE driver_id = $1', n)\n_C = 'status, points'"
    (statement,) = statements(code, "planted.py")
    assert faults(statement) == []


def test_every_table_is_spread_or_copied_but_not_both() -> None:
    assert not set(SHARD_KEYS) & REFERENCE_TABLES
