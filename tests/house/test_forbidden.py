"""What does not occur in this tree: dangerous modules, SQL put together from values, names that hide a mess.

Each rule is a pure function over one file's text, so that the second half of this file can show it a breach.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

MODULES = {
    "gmssl": "unmaintained, and signs with a guessable nonce",
    "pickle": "runs code while reading",
    "marshal": "runs code while reading",
    "shelve": "runs code while reading",
    "xml": "entity bombs; there is a hardened reader where XML is needed",
    "telnetlib": "no",
    "imp": "no",
}
CRYPTO = re.compile(r"src/liangzheng/(standards/|infra/(keys|keyindex|passwords)|accounts/|kernel/ids)")
# The functions and constants where SQL is put together from parts that are more than constants of the module; every
# part is text of ours all the same.
SQL_FROM_PARTS = {
    "src/liangzheng/infra/postgres/catalog.py::_table",  # writes definitions for people, sends none of them
    "src/liangzheng/infra/postgres/catalog.py::schema_text",
    "src/liangzheng/infra/postgres/dump.py::_dump_table",  # names of tables and columns from the catalogue
    "src/liangzheng/audit/store.py::insert_from",  # one INSERT, from expressions of the callers' constants
    "src/liangzheng/drivers/store.py::change",  # columns checked against the list of columns
    "src/liangzheng/drivers/store.py::_REWRITE",  # the same, made once
    "src/liangzheng/cli/demo/faces.py::_rows_with",  # names of tables from the catalogue
    "src/liangzheng/licences/store/findings.py::signed_in_batches",  # the same question of two tables named in it
    # The table and the column its owner declares beside its own statements.
    "src/liangzheng/infra/attempts.py::count",
    "src/liangzheng/infra/attempts.py::forget",
    # The table and the columns a queue's owner declares beside its own statements.
    *(
        f"src/liangzheng/reviewing/store.py::{statement}"
        for statement in [
            "waiting",
            "find",
            "at",
            "next_free",
            "set_taken",
            "close",
            "escalate_due",
            "late_unheard",
            "figures",
        ]
    ),
}
SQL = re.compile(r"^\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|ALTER|DROP|COPY)\s", re.IGNORECASE)
FILE_NAMES = {
    "service",
    "services",
    "utils",
    "util",
    "helpers",
    "helper",
    "manager",
    "common",
    "misc",
    "base",
}
# Split, so that this file does not break its own rule.
REGISTRY_HOSTS = re.compile(
    r"(files\.python" r"hosted\.org|pypi\." r"org|registry\." r"npmjs\.org|npm" r"mirror\.com)"
)
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b|raise NotImplemented" r"Error")
TEXT = re.compile(r"\.(py|sh|toml|txt|in|md|cfg|ya?ml|json|ts|vue|html|css|sql|csv)$|(^|/)[^.]+$")


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def forbidden_modules(name: str, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        for imported in names:
            top = imported.split(".")[0]
            if top in MODULES:
                yield f"imports {imported}: {MODULES[top]}"
            if top == "random" and CRYPTO.match(name):
                yield "imports random beside keys: use secrets"


def forbidden_calls(name: str, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called in {"eval", "exec", "os.system", "os.popen", "yaml.load", "tempfile.mktemp"}:
            yield f"calls {called}"
        if any(word.arg == "shell" and ast.unparse(word.value) == "True" for word in node.keywords):
            yield "starts a shell"


def sql_from_parts(name: str, tree: ast.Module) -> Iterator[str]:
    for place, node in _places(tree, ""):
        if f"{name}::{place}" not in SQL_FROM_PARTS and _makes_sql(node):
            yield f"SQL is put together from parts in {place or 'the module'}"


def _places(node: ast.AST, place: str) -> Iterator[tuple[str, ast.AST]]:
    """Every node with the function or module constant it stands in."""
    for child in ast.iter_child_nodes(node):
        here = place
        if not place and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            here = child.name
        elif not place and isinstance(child, ast.Assign | ast.AnnAssign):
            here = ast.unparse(child.targets[0] if isinstance(child, ast.Assign) else child.target)
        yield here, child
        yield from _places(child, here)


def _makes_sql(node: ast.AST) -> bool:
    """Whether an f-string, %, + or format takes anything but our own text into a statement."""
    if isinstance(node, ast.JoinedStr):
        parts = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
        return _is_sql(node.values[0]) and not all(map(_ours, parts))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add):
        return _is_sql(node.left) and not _ours(node.right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return _is_sql(node.func.value)
    return False


def _is_sql(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(SQL.match(node.value))


def _ours(part: ast.expr) -> bool:
    """Whether a part is a literal, a constant of the module (`_COLUMNS`), such joined, or a choice between such."""
    if isinstance(part, ast.IfExp):
        return _ours(part.body) and _ours(part.orelse)
    if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr == "join":
        return _ours(part.func.value) and all(map(_ours, part.args))
    return isinstance(part, ast.Constant) or (isinstance(part, ast.Name) and part.id.lstrip("_").isupper())


PYTHON_RULES = [forbidden_modules, forbidden_calls, sql_from_parts]


@pytest.mark.parametrize("rule", PYTHON_RULES)
def test_no_python_of_ours_breaks(rule: Callable[[str, ast.Module], Iterator[str]]) -> None:
    found = []
    sources = [path for path in tracked() if path.suffix == ".py" and "src" in path.relative_to(ROOT).parts]
    assert sources
    for path in sources:
        name = path.relative_to(ROOT).as_posix()
        found += [f"{name}: {fault}" for fault in rule(name, ast.parse(path.read_text(encoding="utf-8")))]
    assert found == []


@pytest.mark.parametrize(
    ("rule", "name", "code"),
    [
        (forbidden_modules, "src/liangzheng/api/app.py", "import pickle"),
        (forbidden_modules, "src/liangzheng/api/app.py", "from xml.etree import ElementTree"),
        (forbidden_modules, "src/liangzheng/standards/sm/sm2.py", "import gmssl.sm2"),
        (forbidden_modules, "src/liangzheng/standards/keys.py", "def f():\n    from random import randbytes"),
        (forbidden_calls, "src/liangzheng/api/app.py", "import yaml\nyaml.load(text)"),
        (forbidden_calls, "src/liangzheng/cli/main.py", "subprocess.run(line, shell=True)"),
        (
            sql_from_parts,
            "src/liangzheng/drivers/store.py",
            "tx.fetch(f'SELECT * FROM driver WHERE name = {name}')",
        ),
        (
            sql_from_parts,
            "src/liangzheng/drivers/store.py",
            "tx.fetch('SELECT * FROM driver WHERE id = ' + number)",
        ),
        (
            sql_from_parts,
            "src/liangzheng/drivers/store.py",
            "tx.fetch('DELETE FROM driver WHERE id = %s' % number)",
        ),
        (sql_from_parts, "src/liangzheng/drivers/store.py", "tx.fetch('UPDATE {} SET n = 1'.format(table))"),
    ],
)
def test_each_rule_sees_its_breach(
    rule: Callable[[str, ast.Module], Iterator[str]], name: str, code: str
) -> None:
    assert list(rule(name, ast.parse(code)))


def test_random_is_allowed_where_no_key_is() -> None:
    assert not list(forbidden_modules("src/liangzheng/drivers/generate.py", ast.parse("import random")))


def test_sql_may_name_its_columns_in_a_constant() -> None:
    code = "tx.fetch(f'SELECT {_COLUMNS} FROM driver WHERE driver_id = $1', driver_id)"
    assert not list(sql_from_parts("src/liangzheng/drivers/store.py", ast.parse(code)))


def test_the_list_of_exceptions_holds_nothing_that_is_gone() -> None:
    for place in SQL_FROM_PARTS:
        file, name = place.split("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert any(here == name and _makes_sql(node) for here, node in _places(tree, "")), place


def test_no_file_is_named_for_being_anything() -> None:
    named = [
        path
        for path in tracked()
        if path.suffix in {".py", ".ts", ".vue"} and path.stem.lower() in FILE_NAMES
    ]
    assert named == []


def test_nothing_tracked_names_a_package_host() -> None:
    found = []
    for path in tracked():
        if TEXT.search(path.as_posix()) and REGISTRY_HOSTS.search(
            path.read_text(encoding="utf-8", errors="replace")
        ):
            found.append(path.relative_to(ROOT).as_posix())
    assert found == []
    assert REGISTRY_HOSTS.search("https://pypi" + ".org/simple"), "the pattern finds what it is for"


def test_lock_files_that_carry_addresses_are_not_tracked() -> None:
    names = {path.name for path in tracked()}
    assert not names & {"uv.lock", "poetry.lock", "Pipfile.lock", "yarn.lock", "pnpm-lock.yaml"}
    for path in tracked():
        if path.name == "package-lock.json":
            assert '"resolved"' not in path.read_text(encoding="utf-8")


def test_nothing_is_left_for_later() -> None:
    found = [
        path.relative_to(ROOT).as_posix()
        for path in tracked()
        if path.suffix in {".py", ".ts", ".vue", ".sql", ".sh"}
        and UNFINISHED.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_no_file_is_longer_than_five_hundred_lines() -> None:
    found = []
    for path in tracked():
        if path.suffix in {".py", ".ts", ".vue"} and "vendor" not in path.parts:
            lines = sum(1 for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
            if lines > 500:
                found.append(f"{path.relative_to(ROOT)}: {lines}")
    assert found == []


def test_no_function_is_longer_than_seventy_lines() -> None:
    found = []
    for path in tracked():
        if path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                length = node.end_lineno - node.lineno + 1
                if length > 70:
                    found.append(f"{path.relative_to(ROOT)}: {node.name} {length}")
    assert found == []
