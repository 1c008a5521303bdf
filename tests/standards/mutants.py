"""Programs with one check taken out, and a way to run tests against them without a new process.

A mutant is the source of one module with one small change: a `raise` that does nothing, a call whose effect is
missing, one condition of several left out, a bound moved by one. `changed_world` makes all of
`liangzheng.standards` anew around it; `comes_through` runs a test there.
"""

from __future__ import annotations

import ast
import copy
import importlib
import importlib.abc
import inspect
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest

import liangzheng.standards

SOURCES = Path(liangzheng.standards.__file__).parent

# Never made anew: the classes that tell errors apart, and the loaded library.
_KEPT = frozenset({"liangzheng.standards.errors", "liangzheng.standards.sm.libcrypto", __name__})
_FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}


@dataclass(frozen=True)
class Mutant:
    """One change of one module."""

    module: str
    function: str
    line: int
    change: str
    code: CodeType

    def __str__(self) -> str:
        return f"{self.module}.py:{self.line} {self.function}: {self.change}"


def mutants_of(module: str) -> Iterator[Mutant]:
    """Every mutant of `liangzheng/standards/<module>.py`; `module` may be in a folder, `sm/sm2`."""
    source = (SOURCES / f"{module}.py").read_text(encoding="utf-8")
    tree = ast.parse(source)
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        for (line, change), undo in _changes(function):
            with undo:
                code = compile(tree, f"{module}.py, {change}", "exec")
            yield Mutant(module, function.name, line, change, code)


def _changes(function: ast.FunctionDef) -> Iterator[tuple[tuple[int, str], Any]]:
    """(line, what is changed) and a context in which the function is so changed."""
    for node in ast.walk(function):
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                for place, item in enumerate(value):
                    if isinstance(item, ast.Raise):
                        yield (item.lineno, f"no {ast.unparse(item)}"), _set(value, place, nothing(item))
                    if isinstance(item, ast.Expr) and isinstance(item.value, ast.Call):
                        yield (item.lineno, f"no {ast.unparse(item)}"), _set(value, place, nothing(item))
                    if isinstance(node, ast.BoolOp) and name == "values":
                        # In its place what decides nothing, and first: the last one is also the value of the whole.
                        neutral = ast.copy_location(ast.Constant(isinstance(node.op, ast.And)), item)
                        yield (
                            (item.lineno, f"without {ast.unparse(item)} of {ast.unparse(node)}"),
                            _set(value, slice(None), [neutral, *value[:place], *value[place + 1 :]]),
                        )
                    if isinstance(item, ast.cmpop) and type(item) in _FLIPPED:
                        moved = copy.deepcopy(node)
                        moved.ops[place] = _FLIPPED[type(item)]()  # type: ignore[attr-defined]
                        yield (
                            (moved.lineno, f"{ast.unparse(moved)} for {ast.unparse(node)}"),  # type: ignore[attr-defined]
                            _set(value, place, _FLIPPED[type(item)]()),
                        )


def nothing(instead_of: ast.stmt) -> ast.stmt:
    return ast.copy_location(ast.Pass(), instead_of)


@contextmanager
def _set(items: list[Any], place: int | slice, value: Any) -> Iterator[None]:
    whole = list(items)
    items[place] = value
    try:
        yield
    finally:
        items[:] = whole


@contextmanager
def changed_world(mutant: Mutant | None) -> Iterator[None]:
    """`liangzheng.standards` and its tests imported anew, one module of it replaced by the mutant."""
    before = {name: module for name, module in sys.modules.items() if _is_ours(name)}
    _forget(before)
    finder = _Anew(mutant)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        _forget([name for name in sys.modules if _is_ours(name)])
        for name, module in before.items():
            _put(name, module)


def _forget(names: Iterable[str]) -> None:
    """`from package import module` looks at the package's attribute first, so that goes as well."""
    for name in names:
        del sys.modules[name]
        parent, _, child = name.rpartition(".")
        if hasattr(sys.modules.get(parent), child):
            delattr(sys.modules[parent], child)


def _put(name: str, module: ModuleType) -> None:
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent in sys.modules:
        setattr(sys.modules[parent], child, module)


def _is_ours(name: str) -> bool:
    return name.startswith(("liangzheng.standards.", "tests.standards.")) and name not in _KEPT


class _Anew(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives out our modules anew, the mutant for its own.

    Compiled once, and without pytest's rewriting: nobody reads here what an assertion compared.
    """

    def __init__(self, mutant: Mutant | None) -> None:
        self._mutant = mutant
        self._name = mutant and f"liangzheng.standards.{mutant.module.replace('/', '.')}"

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path) if _is_ours(fullname) else None
        if spec is not None:
            spec.loader = self
        return spec

    def exec_module(self, module: ModuleType) -> None:
        instead = self._mutant if module.__name__ == self._name else None
        exec(_compiled(str(module.__file__)) if instead is None else instead.code, module.__dict__)


@cache
def _compiled(file: str) -> CodeType:
    return compile(Path(file).read_text(encoding="utf-8"), file, "exec")


def named_tests(test_module: str) -> list[str]:
    """The names of the tests of `tests/standards/<test_module>.py`."""
    module = importlib.import_module(f"tests.standards.{test_module}")
    return [
        name
        for name, test in inspect.getmembers(module, callable)
        if name.startswith("test_") and getattr(test, "__module__", "") == module.__name__
    ]


def comes_through(test_module: str, name: str, algs: int) -> bool:
    """Whether the test passes as it is now imported. One that asks for fixtures other than `monkeypatch` is left out; `algs`
    says with how many of the algorithms it is run."""
    test = getattr(importlib.import_module(f"tests.standards.{test_module}"), name)
    asked = set(inspect.signature(test).parameters)
    for arguments in _arguments(test, algs):
        with pytest.MonkeyPatch.context() as monkeypatch:
            if "monkeypatch" in asked:
                arguments["monkeypatch"] = monkeypatch
            if asked - set(arguments) and not hasattr(test, "hypothesis"):
                return True
            try:
                test(**arguments)
            except (Exception, pytest.fail.Exception):
                return False
    return True


def _arguments(test: Callable[..., Any], algs: int) -> Iterator[dict[str, Any]]:
    """What pytest would hand to the test for its `parametrize` marks."""
    columns = []
    for mark in getattr(test, "pytestmark", ()):
        if mark.name == "skipif" and mark.args[0]:
            return
        if mark.name != "parametrize" or mark.kwargs.get("indirect"):
            continue
        names, values = mark.args
        names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
        if names == ["alg"]:
            values = list(values)[:algs]
        columns.append([dict(zip(names, v if len(names) > 1 else (v,), strict=True)) for v in values])
    for row in itertools.product(*columns):
        yield {key: value for part in row for key, value in part.items()}


def fresh(name: str) -> ModuleType:
    """A module of `liangzheng.standards` as it is in the changed world."""
    return importlib.import_module(f"liangzheng.standards.{name}")
