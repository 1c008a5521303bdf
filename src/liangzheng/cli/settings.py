"""`./lz settings`: every setting with its meaning, its default and what it is now."""

from __future__ import annotations

import json
import os
import re

import typer

from liangzheng.infra.setting_words import status_policy_text
from liangzheng.infra.settings import TABLE, Setting, Settings
from liangzheng.kernel.status import StatusPolicy

app = typer.Typer()
_SECRET = {"metrics_token"}
_PASSWORD = re.compile(r"(://[^:/@]*:)[^@]*@")


@app.command()
def settings(as_json: bool = typer.Option(False, "--json", help="As one JSON object, values only.")) -> None:
    """Every LZ_* variable: what it means, its default, and its value now. Set them in the environment."""
    current = Settings.from_env()
    if as_json:
        typer.echo(
            json.dumps({row.variable: _value(current, row) for row in TABLE}, ensure_ascii=False, indent=2)
        )
        return
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    for row in TABLE:
        value, given = _value(current, row), bool(os.environ.get(row.variable))
        origin = (
            "set" if given else "default" if value == row.shown_default else f"default: {row.shown_default}"
        )
        console.print(f"[bold]{row.variable}[/bold] = {value}  [dim]({origin})[/dim]")
        console.print(f"    {row.meaning}")
    console.print(f"Socket of the embedded server: {_socket(current)}", highlight=False)


def _value(current: Settings, row: Setting) -> str:
    for role, place in current.key_dirs.items():
        if row.name == f"{role}_keys":
            return str(place)
    value = getattr(current, row.name)
    if value is None:
        return "none"
    if row.name in _SECRET:
        return "…"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ",".join(value) or "none"
    if isinstance(value, frozenset):
        return ",".join(map(str, sorted(value, reverse=True)))
    if isinstance(value, StatusPolicy):
        return status_policy_text(value)
    if row.name == "alg":
        return str(value.name)
    return _PASSWORD.sub(r"\1…@", str(value))


def _socket(current: Settings) -> str:
    from liangzheng.infra.postgres.provider import joined_params
    from liangzheng.kernel.errors import NotFound

    try:
        return joined_params(current).host
    except NotFound:
        return "not running"
