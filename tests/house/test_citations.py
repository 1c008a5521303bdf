"""A reader with only this repository can follow every citation: papers that are cited are here, so are their sections.

`docs/clauses.md` is held to the same: its rules are defined, its sections exist, its test files are there.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = re.compile(r"\.(py|sh|toml|txt|in|md|cfg|ya?ml|json|ts|vue|html|css|sql|csv)$|(^|/)[^.]+$")
ELSEWHERE = re.compile(
    r"(?<![\w/])(?:[Rr]eference|[Ff]ormats|[Tt]hreats|[Ss]tack|[Ff]rontend|[Pp]erformance|[Hh]ouse|[Ss]tyle|[Pp]roduct)"
    r"(?:\.md(?![\w)\]])|(?:\.md)? ?§"
    r")|\b[Pp]roduct (?:feature|principle)s?\b|\breference of (?:uses|licence fields)\b"
)
SECTIONS = re.compile(
    r"docs/reference\.md((?:[\s#]*(?:,|;|and)?[\s#]*(?:§\d+(?:\.\d+)?(?:\s*\([^()]*\))?))+)"
)
PAPER = re.compile(r"\bdocs/[\w./-]+?\.md\b")
# Named by code and by the front page before they are written; a name leaves when its paper is here.
ANNOUNCED = {"docs/live-code.md", "docs/how-to/import-a-register.md"}
RULE_OR_FILE = re.compile(r"^## \[([\w/]+\.py)\]|^\*\*`(\w+)\(", re.MULTILINE)
ROW = re.compile(r"^\| `([\w/]+\.py)::(\w+)` \| (.+?) \| (.+?) \|$", re.MULTILINE)


def tracked() -> list[Path]:
    """Every text file of the repository but this one, which shows breaches."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    found = [ROOT / name for name in listed.stdout.split("\0") if name and TEXT.search(name)]
    return [path for path in found if path.is_file() and path != Path(__file__)]


def papers_elsewhere(text: str) -> list[str]:
    """Citations of papers that are not in the repository, as they stand in a text."""
    return [match[0] for match in ELSEWHERE.finditer(text)]


def sections_cited(text: str) -> list[str]:
    """Numbers of the sections of docs/reference.md a text cites: also the further ones of an enumeration."""
    return [
        number for match in SECTIONS.finditer(text) for number in re.findall(r"§(\d+(?:\.\d+)?)", match[1])
    ]


def sections_of(paper: str) -> set[str]:
    return set(re.findall(r"^#{2,4} (\d+(?:\.\d+)?)\.? ", paper, flags=re.MULTILINE))


def faults_of_row(file: str, name: str, stands_on: str, held_by: str) -> list[str]:
    """What is not true of a row of docs/clauses.md."""
    faults = []
    path = ROOT / "src" / "liangzheng" / file
    defined = rf"^\s*(?:class |def |async def ){name}\b|^{name}\s*[:=]"
    if not path.is_file() or not re.search(defined, path.read_text(encoding="utf-8"), flags=re.MULTILINE):
        faults.append(f"{file} does not define {name}")
    own = re.findall(r"(?:^|[,;] )§(\d+(?:\.\d+)?)", stands_on)
    faults += [f"no §{number}" for number in own if number not in SECTIONS_HERE]
    for test in re.findall(r"`([\w/]+\.py)`", held_by):
        if not (ROOT / "tests" / test).is_file():
            faults.append(f"no tests/{test}")
    return faults


def rules_of(rulebook: str) -> list[str]:
    """The rules of docs/rulebook.md, each as `file::name`."""
    rules, file = [], ""
    for match in RULE_OR_FILE.finditer(rulebook):
        file = match[1] or file
        if match[2]:
            rules.append(f"{file}::{match[2]}")
    return rules


def not_in_one_row(rules: Iterable[str], rows: Iterable[str]) -> dict[str, int]:
    """How many rows each has that does not have exactly one: rules without a row, and whatever has several."""
    counted = Counter(rows)
    return {name: counted[name] for name in {*rules, *counted} if counted[name] != 1}


SECTIONS_HERE = sections_of((ROOT / "docs" / "reference.md").read_text(encoding="utf-8"))
ROWS = ROW.findall((ROOT / "docs" / "clauses.md").read_text(encoding="utf-8"))


def test_no_file_cites_a_paper_that_is_not_here() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): cited
        for path in tracked()
        if (cited := papers_elsewhere(path.read_text(encoding="utf-8", errors="replace")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "Source: reference §4.2",
        "Source: reference.md §4.2 (who may apply)",
        '"""Reference §3.2, first column."""',
        "(formats §0)",
        "(formats.md §5)",
        "threats §4.3",
        "as style.md asks",
        "stack.md, eight rules",
        "product feature 4",
    ],
)
def test_a_citation_of_such_a_paper_is_seen(text: str) -> None:
    assert papers_elsewhere(text)


@pytest.mark.parametrize(
    "text",
    [
        "docs/reference.md §4.2",
        "[reference.md](reference.md)",
        "RFC 9052 §4.4",
        "The reference tables, read once a process.",
        "from liangzheng.infra.reference import WaveRow",
        "ISO/IEC 18013-5 §8.3",
    ],
)
def test_what_is_here_or_public_may_be_cited(text: str) -> None:
    assert not papers_elsewhere(text)


def test_every_section_that_is_cited_is_a_heading_of_the_reference() -> None:
    cited = {
        (path.relative_to(ROOT).as_posix(), number)
        for path in tracked()
        for number in sections_cited(path.read_text(encoding="utf-8", errors="replace"))
    }
    assert cited, "the code names its sources"
    assert {(file, number) for file, number in cited if number not in SECTIONS_HERE} == set()


def test_every_section_of_an_enumeration_is_looked_at() -> None:
    text = "docs/reference.md §3.2 (may drive), §99.9\n    and §4.6, but not RFC 9052 §4.4"
    assert sections_cited(text) == ["3.2", "99.9", "4.6"]
    assert "3.2" in SECTIONS_HERE and "99.9" not in SECTIONS_HERE


def test_every_paper_under_docs_that_code_names_is_there() -> None:
    named = {
        name
        for path in tracked()
        if path.suffix == ".py"
        for name in PAPER.findall(path.read_text(encoding="utf-8"))
    }
    assert named
    assert {name for name in named if not (ROOT / name).is_file()} - ANNOUNCED == set()


def test_the_clauses_are_read() -> None:
    text = (ROOT / "docs" / "clauses.md").read_text(encoding="utf-8")
    assert len(ROWS) == text.count("\n| `"), "no row is written in another way"


NO_RULE = {"drivers/fictional.py::PATHS"}
"""What cites a source in its docstring without deciding anything."""

DECIDES = re.compile(r"reference\.md §|Order 1\d\d\b|\bPIPL\b|GB/T 22239|NIST SP|\bLaw art\.")


def citing(path: Path) -> set[str]:
    """What a module defines whose own docstring cites the reference, an order or a law."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for at, node in enumerate(module.body):
        words, names = "", []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            words, names = ast.get_docstring(node) or "", [node.name]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            match module.body[at + 1 : at + 2]:
                case [ast.Expr(value=ast.Constant(value=str(words)))]:
                    pass
        found |= {name for name in names if not name.startswith("_") and DECIDES.search(words)}
    return found


def test_whatever_cites_its_source_has_a_row() -> None:
    code = ROOT / "src" / "liangzheng"
    cited = {
        f"{path.relative_to(code).as_posix()}::{name}"
        for path in code.rglob("*.py")
        if path.relative_to(code).parts[0] not in {"api", "cli"}
        for name in citing(path)
    }
    assert len(cited) > 50
    assert cited - {f"{file}::{name}" for file, name, _, _ in ROWS} == NO_RULE


def test_a_constant_and_a_function_that_cite_are_seen(tmp_path: Path) -> None:
    module = tmp_path / "rules.py"
    module.write_text(
        'A = 1\n"""Source: docs/reference.md §4.2."""\nB = 2\n"""Our choice."""\nC = 3\n'
        '_D = 4\n"""Order 162 art. 16."""\ndef may() -> None:\n    """Order 162 art. 75."""\n'
    )
    assert citing(module) == {"A", "may"}


def test_every_section_of_the_licence_and_of_signatures_has_a_row() -> None:
    stands_on = " ".join(row[2] for row in ROWS)
    wanted = {number for number in SECTIONS_HERE if re.fullmatch(r"(?:[1-4]|9)\.\d+", number)}
    assert len(wanted) > 25
    assert {number for number in wanted if not re.search(rf"§{re.escape(number)}(?!\d)", stands_on)} == set()


def test_every_place_of_a_value_that_is_to_be_checked_has_a_row() -> None:
    paper = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    places = re.findall(r"`([\w/]+\.py::\w+)`", paper[paper.index("## 16.") :])
    assert len(places) > 4
    assert set(places) - {f"{file}::{name}" for file, name, _, _ in ROWS} == set()


def test_every_rule_of_the_rulebook_has_exactly_one_row() -> None:
    rules = rules_of((ROOT / "docs" / "rulebook.md").read_text(encoding="utf-8"))
    assert len(rules) > 50 and len(rules) == len(set(rules))
    assert not_in_one_row(rules, (f"{file}::{name}" for file, name, _, _ in ROWS)) == {}


def test_a_rule_without_a_row_and_one_with_two_are_seen() -> None:
    rules = rules_of(
        "## [a/rules.py](../a)\n\n**`one(x) → bool`**  \nWords.\n\n**`two(x) → bool`**  \n"
        "## [b/rules.py](../b)\n\n**`one(x) → bool`**  \n## Duties: [b/model.py](../b)\n"
    )
    assert rules == ["a/rules.py::one", "a/rules.py::two", "b/rules.py::one"]
    rows = ["a/rules.py::two", "b/rules.py::one", "b/rules.py::one", "b/model.py::A_VALUE"]
    assert not_in_one_row(rules, rows) == {"a/rules.py::one": 0, "b/rules.py::one": 2}


@pytest.mark.parametrize(
    ("file", "name", "stands_on", "held_by"), ROWS, ids=[f"{row[0]}::{row[1]}" for row in ROWS]
)
def test_every_clause_names_things_that_exist(file: str, name: str, stands_on: str, held_by: str) -> None:
    assert faults_of_row(file, name, stands_on, held_by) == []


def test_a_clause_that_is_no_longer_true_would_be_noticed() -> None:
    faults = faults_of_row("kernel/points.py", "CitizenNumber", "§99.9; GB 1", "`kernel/test_nobody.py`")
    assert faults == [
        "kernel/points.py does not define CitizenNumber",
        "no §99.9",
        "no tests/kernel/test_nobody.py",
    ]
