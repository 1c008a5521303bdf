"""`./lz`: the table of commands, and what every one of them shares.

A command's module is imported only when that command runs, so that `./lz --help` is quick and a broken
command does not take the others with it. Exit status: 0 done · 1 not done, and one sentence why · 2 called
wrongly.
"""

from __future__ import annotations

import asyncio
import copy
import importlib
import signal
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeVar

import typer

from liangzheng.kernel.errors import Failure

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Command:
    """Where a command's typer application is, and the line `./lz --help` shows for it."""

    module: str
    line: str
    panel: str


_TRY, _RUN, _REGISTER, _BUILD = "Try it", "Run it", "Work with it", "Build it"

COMMANDS: Final[dict[str, Command]] = {
    "demo": Command(
        "liangzheng.cli.demo", "A city with drivers, a licence and a verifier, on this machine.", _TRY
    ),
    "serve": Command("liangzheng.cli.serve", "The HTTP server.", _RUN),
    "work": Command("liangzheng.cli.work", "A background process: the queue, or the issuer.", _RUN),
    "migrate": Command("liangzheng.cli.migrate", "Bring the database schema up to date.", _RUN),
    "settings": Command("liangzheng.cli.settings", "Every setting, what it means and what it is now.", _RUN),
    "keys": Command(
        "liangzheng.cli.keys", "Make, rotate and list signing keys; write the trust bundle.", _RUN
    ),
    "fonts": Command("liangzheng.cli.fonts", "What draws the rare characters of names. 生僻字字体", _RUN),
    "fsck": Command("liangzheng.cli.fsck", "Check that everything stored agrees with itself.", _RUN),
    "backup": Command("liangzheng.cli.backup", "Write the whole database into files.", _RUN),
    "restore": Command("liangzheng.cli.restore", "A backup into an empty data directory, checked.", _RUN),
    "audit": Command("liangzheng.cli.audit", "Verify the audit record from outside; export it.", _RUN),
    "register": Command(
        "liangzheng.cli.register", "Import, generate, show and change driver records.", _REGISTER
    ),
    "reviews": Command("liangzheng.cli.reviews", "Approve and refuse new photos.", _REGISTER),
    "face": Command(
        "liangzheng.cli.face", "The face engine and its calibration. 人脸引擎与阈值标定", _REGISTER
    ),
    "rollout": Command("liangzheng.cli.rollout", "Open the next cities.", _REGISTER),
    "verify": Command("liangzheng.cli.verify", "Verify a live code offline.", _REGISTER),
    "verifier": Command("liangzheng.cli.verifier", "Add, list and end who may verify online.", _REGISTER),
    "staff": Command(
        "liangzheng.cli.staff", "Police and staff: who they are, with which duties, where.", _REGISTER
    ),
    "company": Command(
        "liangzheng.cli.company", "Register, approve and suspend companies that ask about drivers.", _REGISTER
    ),
    "requests": Command(
        "liangzheng.cli.requests", "Answer people who ask to have their data put right.", _REGISTER
    ),
    "web": Command("liangzheng.cli.web", "Build the web apps.", _BUILD),
    "papers": Command("liangzheng.cli.papers", "Write the generated papers from the code.", _BUILD),
    "bench": Command("liangzheng.cli.bench", "Measure, each figure against its limit.", _BUILD),
}
# `test` and `lint` are done by the launcher: they need tools that running the platform does not.
_BY_LAUNCHER: Final = {
    "test": "Everything: style, types, import contracts, tests. With arguments: pytest alone.",
    "lint": "Style, types and import contracts.",
}


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and leaves with its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    wanted = words[0] if words and words[0] in COMMANDS else None
    try:
        application(wanted)(words, prog_name="lz")
    except Failure as failure:
        typer.echo(f"lz: {failure}", err=True)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    raise SystemExit(0)


def application(wanted: str | None) -> typer.Typer:
    """The typer application with `wanted` loaded and every other command as a line of the help."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="亮证: electronic driving licences, issued, shown and verified.",
    )
    app.callback()(_version)
    for name, command in COMMANDS.items():
        if name == wanted:
            _add(app, name, command)
        else:
            app.command(name, help=command.line, rich_help_panel=command.panel)(_listed_only)
    for name, line in _BY_LAUNCHER.items():
        app.command(name, help=line, rich_help_panel=_BUILD)(_listed_only)
    return app


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a command's coroutine on uvloop. SIGTERM unwinds it like Ctrl-C, so a server of ours ends too."""
    import uvloop

    async def until_told() -> T:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await coroutine

    try:
        return uvloop.run(until_told())
    except asyncio.CancelledError:
        raise SystemExit(143) from None


def _add(app: typer.Typer, name: str, command: Command) -> None:
    try:
        sub: typer.Typer = importlib.import_module(command.module).app
    except ModuleNotFoundError as error:
        if error.name != command.module:
            raise
        typer.echo(f"lz: `{name}` is not part of this build", err=True)
        raise SystemExit(1) from None
    alone = len(sub.registered_commands) == 1 and not sub.registered_groups and not sub.registered_callback
    if not alone:
        app.add_typer(sub, name=name, help=command.line)
        return
    # One command in the module: `lz serve`, not `lz serve serve`.
    only = copy.copy(sub.registered_commands[0])
    only.name = name
    app.registered_commands.append(only)


def _listed_only() -> None:
    raise AssertionError("a listed command is loaded before it runs")


def _print_version(asked: bool) -> None:
    if asked:
        from liangzheng import __version__

        typer.echo(__version__)
        raise typer.Exit


def _version(
    version: bool = typer.Option(
        False, "--version", help="Print the version and leave.", is_eager=True, callback=_print_version
    ),
) -> None:
    pass
