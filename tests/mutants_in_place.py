"""Programs with one check taken out, without importing anything anew: a function is given the code of its mutant.

For modules others have imported names from already, and for tests that need a database. The changes are those of
tests/standards/mutants.py, and one more: a way out that is not taken (`if …: return …`, `yield …`, an awaited effect).
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

from tests.standards.mutants import _arguments, _changes, _set, nothing

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class InPlace:
    """One change of one function."""

    function: FunctionType
    change: str
    code: CodeType

    def __str__(self) -> str:
        return f"{self.function.__qualname__}: {self.change}"

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Whoever calls the function meets the mutant."""
        sound = self.function.__code__
        self.function.__code__ = self.code
        try:
            yield
        finally:
            self.function.__code__ = sound


def mutants_in(module: ModuleType) -> Iterator[InPlace]:
    """Every mutant of every function and method of a module."""
    source = inspect.getsource(module)
    tree, real = ast.parse(source), _functions(module)
    for name, node in _definitions(tree):
        for (_, change), undo in _every_change(node):
            with undo:
                code = compile(tree, str(module.__file__), "exec")
            yield InPlace(real[name], change, _code_of(code, name))


def _definitions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    for node in tree.body:
        if isinstance(node, Function):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from (
                (f"{node.name}.{each.name}", each) for each in node.body if isinstance(each, Function)
            )


def _functions(module: ModuleType) -> dict[str, FunctionType]:
    found: dict[str, FunctionType] = {}
    owners: list[Mapping[str, Any]] = [vars(module)]
    owners += [vars(each) for each in vars(module).values() if inspect.isclass(each)]
    for owner in owners:
        for value in owner.values():
            plain = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
            plain = inspect.unwrap(plain) if callable(plain) else plain
            if isinstance(plain, FunctionType) and plain.__module__ == module.__name__:
                found[plain.__qualname__] = plain
    return found


def _code_of(code: CodeType, name: str) -> CodeType:
    for part in name.split("."):
        (code,) = (each for each in code.co_consts if isinstance(each, CodeType) and each.co_name == part)
    return code


def _every_change(function: Function) -> Iterator[tuple[tuple[int, str], Any]]:
    yield from _changes(function)  # type: ignore[arg-type]
    for node in ast.walk(function):
        for _, value in ast.iter_fields(node):
            for place, item in enumerate(value) if isinstance(value, list) else ():
                if isinstance(item, ast.If) and isinstance(item.body[-1], ast.Return):
                    yield (
                        (item.lineno, f"not: if {ast.unparse(item.test)}: return"),
                        _set(value, place, nothing(item)),
                    )
                if isinstance(item, ast.Expr) and isinstance(
                    item.value, ast.Await | ast.Yield | ast.YieldFrom
                ):
                    yield (item.lineno, f"no {ast.unparse(item)}"), _set(value, place, nothing(item))


Test = Callable[..., Any]
Fixtures = Callable[[Test, Sequence[str]], Any]
"""An asynchronous context manager that gives a test the fixtures it names, or None for those it cannot give."""


class Jury:
    """Tests that must notice; whoever noticed last is asked first."""

    def __init__(self, fixtures: Fixtures, *modules: ModuleType) -> None:
        self._fixtures = fixtures
        self._tests = [
            (test, given) for module in modules for test in _tests_of(module) for given in _arguments(test, 1)
        ]

    async def what_notices(self) -> str | None:
        """The name of the first test that fails; None when all pass."""
        for place, (test, given) in enumerate(self._tests):
            wanted = [name for name in inspect.signature(test).parameters if name not in given]
            async with self._fixtures(test, wanted) as found:
                if found is None:
                    continue
                try:
                    answer = test(**given, **found)
                    if isinstance(answer, Awaitable):
                        await answer
                except (Exception, pytest.fail.Exception) as failure:
                    self._tests.insert(0, self._tests.pop(place))
                    return f"{test.__name__}: {type(failure).__name__}"
        return None


def _tests_of(module: ModuleType) -> Iterator[Test]:
    for name, test in vars(module).items():
        if (
            name.startswith("test_")
            and test.__module__ == module.__name__
            and not hasattr(test, "hypothesis")
        ):
            yield test
