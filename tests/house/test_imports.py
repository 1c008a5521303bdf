"""The floors hold, and the contracts that say so notice a breach."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import liangzheng

PACKAGE = Path(liangzheng.__file__).parent
ROOT = PACKAGE.parents[1]
THIRD_PARTY_OF_STANDARDS = {"cbor2", "cryptography", "cffi", "asn1crypto"}


def _lint_imports(source: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--config",
            str(ROOT / ".importlinter"),
            "--no-cache",
        ],
        capture_output=True,
        text=True,
        cwd=source,
        env={"PYTHONPATH": str(source), "PYTHONUTF8": "1", "NO_COLOR": "1", "COLUMNS": "200"},
        check=False,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source in a place where a breach can be planted."""
    place = tmp_path_factory.mktemp("source")
    shutil.copytree(PACKAGE, place / "liangzheng", ignore=shutil.ignore_patterns("__pycache__"))
    return place


def test_every_contract_is_kept(copy: Path) -> None:
    answer = _lint_imports(copy)
    assert answer.returncode == 0, answer.stdout + answer.stderr


BREACHES = [
    ("kernel/points.py", "import liangzheng.infra.blobs", "Import downwards only"),
    ("kernel/points.py", "import liangzheng.standards.base45", "Import downwards only"),
    ("standards/base45.py", "import liangzheng.kernel.errors", "Import downwards only"),
    ("infra/blobs.py", "import liangzheng.audit", "Import downwards only"),
    ("accounts/register.py", "import liangzheng.drivers", "Import downwards only"),
    ("rollout/rules.py", "import liangzheng.infra.blobs", "reach neither infra"),
    ("accounts/model.py", "import pydantic", "reach neither infra"),
    ("accounts/lifecycle.py", "import asyncpg", "reach neither infra"),
    ("kernel/points.py", "import msgspec", "needs no third party"),
    ("api/pages.py", "import liangzheng.audit.store", "The store of audit is its own"),
    ("showing/rules.py", "import liangzheng.accounts.store", "The store of accounts is its own"),
]


@pytest.mark.parametrize(("file", "line", "contract"), BREACHES)
def test_a_planted_breach_is_reported_by_its_contract(
    copy: Path, file: str, line: str, contract: str
) -> None:
    path = copy / "liangzheng" / file
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before}\n{line}\n", encoding="utf-8")
    try:
        answer = _lint_imports(copy)
    finally:
        path.write_text(before, encoding="utf-8")
    assert answer.returncode != 0
    broken = [said for said in answer.stdout.splitlines() if " BROKEN" in said]
    assert any(contract in said for said in broken), answer.stdout


def test_a_package_nobody_gave_a_floor_is_reported(copy: Path) -> None:
    stray = copy / "liangzheng" / "stray"
    stray.mkdir()
    (stray / "__init__.py").touch()
    try:
        assert _lint_imports(copy).returncode != 0
    finally:
        shutil.rmtree(stray)


def test_every_store_has_its_contract() -> None:
    contracts = (ROOT / ".importlinter").read_text(encoding="utf-8")
    for store in PACKAGE.glob("*/store*"):
        module = f"liangzheng.{store.parent.name}.{store.stem}"
        assert f"protected_modules = {module}\n" in contracts, module


def _imported(path: Path) -> Iterator[str]:
    """The top-level names a file imports, by reading it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize(("package", "allowed"), [("kernel", set()), ("standards", THIRD_PARTY_OF_STANDARDS)])
def test_the_lowest_floor_needs_only_what_it_says(package: str, allowed: set[str]) -> None:
    # import-linter can only forbid third parties it is told of; this allows instead.
    files = list((PACKAGE / package).rglob("*.py"))
    assert files
    for path in files:
        others = set(_imported(path)) - sys.stdlib_module_names - {"liangzheng"}
        assert others <= allowed, f"{path.name} imports {others - allowed}"
