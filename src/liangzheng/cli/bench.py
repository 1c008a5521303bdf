"""`./lz bench`: every figure against its limit, measured in the same run."""

from __future__ import annotations

import importlib
import json
import platform
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import typer

app = typer.Typer()

# What one may ask for, and the file of benchmarks/ that measures it. A file may answer with several figures,
# such as `sign` and `sign-sm2`.
MODULES: Final = {
    "sign": "benchmarks.micro.sign",
    "verify": "benchmarks.micro.verify",
    "verify-snapshot": "benchmarks.micro.verify_snapshot",
    "import": "benchmarks.load.import_register",
    "issue": "benchmarks.load.issue",
    "apply": "benchmarks.load.apply",
    "verify-online": "benchmarks.load.verify_online",
    "enumeration": "benchmarks.load.enumeration",
    "fsck": "benchmarks.load.fsck",
    "web": "benchmarks.load.web",
}
SIZED: Final = frozenset({"fsck"})
"""Those that take `--licences` and `--kept`: their `run` has more arguments."""

_ROOT: Final = Path(__file__).resolve().parents[3]
_RESULTS: Final = _ROOT / "benchmarks" / "RESULTS.md"
_HEAD: Final = "| Figure | Ratio | Goal | Value | Limit | Unit | Measured | What the limit is |"


@app.command()
def bench(
    names: list[str] = typer.Argument(
        None, metavar="[NAME]...", help=f"Of {', '.join(MODULES)}; all if none."
    ),
    as_json: bool = typer.Option(False, "--json", help="One JSON list on standard output."),
    quick: bool = typer.Option(False, "--quick", help="Less work: for a look, not for a record."),
    record: bool = typer.Option(False, "--record", help="Put the figures into benchmarks/RESULTS.md."),
    licences: int | None = typer.Option(
        None, "--licences", min=100, help="fsck only: how many there are; 100,000 if not said."
    ),
    kept: Path | None = typer.Option(
        None, "--kept", file_okay=False, help="fsck only: where backups of them stay, to be measured again."
    ),
) -> None:
    """Measures, each figure as a ratio against a named limit worked in the same run.

    The exit status is 1 when a goal is missed.
    """
    if record and quick:
        raise typer.BadParameter("--quick figures are for a look; leave out --quick or --record")
    unknown = sorted(set(names or ()) - set(MODULES))
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: not one of {', '.join(MODULES)}")
    chosen = list(dict.fromkeys(names or MODULES))
    sized = {"licences": licences, "kept": kept}
    more = {name: value for name, value in sized.items() if value is not None}
    if more and not SIZED.issuperset(chosen):
        raise typer.BadParameter(f"--{min(more)} is for {', '.join(sorted(SIZED))} alone: name it")
    if not (_ROOT / "benchmarks").is_dir():
        typer.echo("lz: the benchmarks are in the source tree, not in the installed package", err=True)
        raise typer.Exit(1)
    # The benchmarks are beside the package, not in it.
    sys.path.insert(0, str(_ROOT))
    # All are imported first: what cannot be measured here says so before an hour is spent on the others.
    runs = {name: importlib.import_module(MODULES[name]).run for name in chosen}
    figures: list[Any] = []
    for at, (name, run) in enumerate(runs.items(), 1):
        typer.echo(f"measuring {name} ({at} of {len(runs)}) …", err=True)
        found = run(quick, **more)
        for figure in found:
            typer.echo(f"  {figure.name}: {figure.ratio:.3f} of {figure.goal:.2f}", err=True)
        if record and not quick:
            _record(found)  # as it comes: a later one that fails takes nothing away
        figures += found
    if as_json:
        typer.echo(json.dumps([figure.as_json() for figure in figures], ensure_ascii=False, indent=2))
    else:
        _print_table(figures)
    raise typer.Exit(0 if all(figure.is_met for figure in figures) else 1)


def _print_table(figures: Sequence[Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{_machine()}, commit {_commit()}", title_justify="left", pad_edge=False)
    for heading in ("figure", "ratio", "goal", "value", "limit", "unit"):
        table.add_column(heading, no_wrap=True, justify="left" if heading in ("figure", "unit") else "right")
    for figure in figures:
        style, mark = ("green", "✓") if figure.is_met else ("bold red", "✗")
        rate = ",.0f" if figure.limit >= 100 else ",.2f"
        table.add_row(
            figure.name,
            f"[{style}]{figure.ratio:.3f}[/] {mark}",
            f"{figure.goal:.2f}",
            f"{figure.value:{rate}}",
            f"{figure.limit:{rate}}",
            figure.unit,
        )
    console = Console()
    console.print(table)
    for figure in figures:
        console.print(f"{figure.name}: {figure.note}", highlight=False)


def _record(figures: Iterable[Any]) -> None:
    """Rows of the same name are replaced, the others stay."""
    rows = {}
    if _RESULTS.exists():
        kept = (line for line in _RESULTS.read_text().splitlines() if line.startswith("| `"))
        rows = {line.split("`")[1]: line for line in kept}
    measured = f"{datetime.now(UTC):%Y-%m-%d}, {_machine()}, {_commit()}"
    for figure in figures:
        rows[figure.name] = (
            f"| `{figure.name}` | **{figure.ratio:.3f}** | ≥ {figure.goal:.2f} | {figure.value:,.0f} "
            f"| {figure.limit:,.0f} | {figure.unit} | {measured} | {figure.note} |"
        )
    _RESULTS.write_text(
        "# Results\n\nWritten by `./lz bench --record`. A figure is the ratio to a limit measured in the same run;"
        "\nrates alone move with the machine. What each one does: README.md here.\n\n"
        f"{_HEAD}\n|{'---|' * (_HEAD.count('|') - 1)}\n" + "\n".join(rows.values()) + "\n"
    )


def _machine() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(models)} × {models[0]}" if models else platform.machine()


def _commit() -> str:
    asked = subprocess.run(
        ["git", "-C", str(_ROOT), "rev-parse", "--short", "HEAD"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() or "unknown"
