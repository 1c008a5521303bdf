"""Audit entries are added and stay: no statement of ours changes or deletes one, but the sealer's that gives it its link."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "src" / "liangzheng"
CHANGES = re.compile(
    r"\b(?:UPDATE|DELETE\s+FROM|TRUNCATE(?:\s+TABLE)?|DROP\s+TABLE(?:\s+IF\s+EXISTS)?)\s+(?:ONLY\s+)?"
    r"audit_(?:entry|batch|checkpoint|head)\b[^\"\n]*",
    re.IGNORECASE,
)
ALLOWED = {
    ("audit/store.py", "UPDATE audit_entry AS e SET batch_seq = $3 "),  # where it had none
    ("audit/store.py", "UPDATE audit_head SET seq = $2, hash = $3 WHERE bucket = $1"),
    # The demonstration shows that damage is found, in a restored copy of its own.
    (
        "cli/demo/restored.py",
        "UPDATE audit_entry SET purpose = purpose || '.' WHERE act = 'licence.issued' AND batch_seq IS NOT NULL ",
    ),
}


def changes(text: str) -> list[str]:
    """Statements, to the end of their line, that change what is recorded."""
    return CHANGES.findall(text)


def test_no_statement_changes_the_record_but_those_that_seal_it() -> None:
    files = [path for path in ROOT.rglob("*") if path.suffix in (".py", ".sql") and path.is_file()]
    assert len(files) > 300
    found = {
        (path.relative_to(ROOT).as_posix(), statement)
        for path in files
        for statement in changes(path.read_text(encoding="utf-8"))
    }
    assert found == ALLOWED


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM audit_entry WHERE at < $1", "update audit_entry set purpose = 'x'", "TRUNCATE audit_batch",
        "DELETE  FROM ONLY audit_checkpoint", "DROP TABLE IF EXISTS audit_head",
    ],
)  # fmt: skip
def test_a_statement_that_does_is_seen(text: str) -> None:
    assert changes(f'"{text}"') == [text]
