"""What `./lz web build` makes, read file by file: no other host, no text run as a program, small enough, all of it offline,
and in the wheel."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from liangzheng.api.faces import BUILT, FACES
from liangzheng.cli import web

ROOT = Path(__file__).parents[2]
START_KB = {"driver": 110, "verify": 130}
"""Kilobytes of JavaScript, gzip, before the first screen: what a phone on a slow network waits for."""

NAMES = frozenset({"www.w3.org"})
"""Names of languages and schemas: read, never asked."""
READ_ONLY = re.compile(
    r"https?://(?:(?:[\w-]+\.)*(?:vuejs\.org|github\.com|githubusercontent\.com|element-plus\.org|element\.eleme\.io|"
    r"apache\.org|echarts\.apache\.org|emscripten\.org|developer\.mozilla\.org|vue-i18n\.intlify\.dev|intlify\.dev|"
    r"zxing\.org|tailwindcss\.com|mths\.be))\b[^\s\"'`)]*"
)
"""Where an error message or a licence notice sends a person to read; the policy of every page lets no script go there."""
ADDRESS = re.compile(r"(?:https?:|wss?:|[\"'(`]\s*)//([a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+)")


@pytest.fixture(scope="module")
def built() -> Path:
    if not web.are_built():
        web.build_faces()
    return BUILT


def files(folder: Path, *endings: str) -> Iterator[Path]:
    return (each for each in sorted(folder.rglob("*")) if each.suffix in endings)


def remote(text: str) -> list[str]:
    """Hosts the text names other than to be read."""
    return [host for host in ADDRESS.findall(READ_ONLY.sub("", text)) if host not in NAMES]


@pytest.mark.parametrize("face", FACES)
def test_no_file_names_another_host(built: Path, face: str) -> None:
    found = {
        f"{path.relative_to(built)}: {host}"
        for path in files(built / face, ".html", ".js", ".css", ".svg", ".json", ".webmanifest")
        for host in remote(path.read_text("utf-8"))
    }
    assert not found, found


@pytest.mark.parametrize(
    "planted",
    [
        "@import url(//at.alicdn.com/t/font.woff2)",
        "fetch('https://cdn.example.net/x.js')",
        "new WebSocket(`wss://live.example.net`)",
        '<script src="//unpkg.example/vue"></script>',
    ],
)
def test_an_address_that_is_planted_is_found(planted: str) -> None:
    assert remote(planted)
    assert not remote('xmlns="http://www.w3.org/2000/svg" // a comment, and https://github.com/vuejs/core')


NEVER_REACHED = re.compile(r"\|\|\s*Function\(([\"'`])return this\1\)\(\)")
"""How a library asks for the global object where there is neither `globalThis` nor `self`: in no browser."""
RUNS_TEXT = re.compile(r"(?<![\w$.])eval\s*\(|new\s+Function\s*\(|(?<![\w$.])Function\s*\(\s*[\"'`]")


@pytest.mark.parametrize("face", FACES)
def test_no_file_runs_text(built: Path, face: str) -> None:
    found = [
        f"{path.name}: {match.group()}"
        for path in files(built / face, ".js")
        for match in RUNS_TEXT.finditer(NEVER_REACHED.sub("", path.read_text("utf-8")))
    ]
    assert not found, found
    assert RUNS_TEXT.search("eval ('1')")
    assert RUNS_TEXT.search("new Function('return this')")


def at_start(folder: Path) -> set[str]:
    """The scripts a browser fetches before it shows the first screen: of index.html, and what those import by themselves."""
    page = (folder / "index.html").read_text("utf-8")
    waiting = set(re.findall(r"(?:src|href)=\"/(assets/[^\"]+\.js)\"", page))
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        found.add(name)
        text = (folder / name).read_text("utf-8")
        imported = re.findall(r"(?:from|import)\s*[\"']\./([^\"']+\.js)[\"']", text)
        waiting |= {f"assets/{each}" for each in imported} - found
    return found


@pytest.mark.parametrize("face", START_KB)
def test_the_start_is_small(built: Path, face: str) -> None:
    sizes = {
        name: len(gzip.compress((built / face / name).read_bytes(), 9)) for name in at_start(built / face)
    }
    assert sizes, "index.html names its script"
    assert sum(sizes.values()) <= START_KB[face] * 1000, sizes


@pytest.mark.parametrize("face", ["driver", "verify"])
def test_all_of_an_app_is_there_without_a_network(built: Path, face: str) -> None:
    worker = (built / face / "sw.js").read_text("utf-8")
    listed = set(json.loads(re.search(r"\[\"/[^\]]*\]", worker).group()))  # type: ignore[union-attr]
    there = {
        f"/{path.relative_to(built / face)}"
        for path in (built / face).rglob("*")
        if path.is_file() and path.suffix not in {".br", ".gz", ".map"} and not path.name.startswith(".")
    }
    # What reads a company's QR code is of use only with a network.
    online = {name for name in there if name.endswith(".wasm")} if face == "driver" else set()
    assert len(online) == (face == "driver")
    assert listed == there - {"/sw.js", "/index.html"} - online | {"/"}


def test_a_wheel_carries_the_apps_built(built: Path, tmp_path: Path) -> None:
    # Of a copy: what a build of the wheel leaves in the source tree is none of the other tests' business.
    source = tmp_path / "source"
    source.mkdir()
    leave = shutil.ignore_patterns("node_modules", "__pycache__", "*.egg-info")
    for name in ("pyproject.toml", "README.md", "LICENSE", "MANIFEST.in", "requirements.in", "src"):
        origin = ROOT / name
        if origin.is_dir():
            shutil.copytree(origin, source / name, ignore=leave)
        elif origin.exists():
            shutil.copy2(origin, source / name)
    done = subprocess.run(
        [sys.executable, "-c", "from setuptools import build_meta; print(build_meta.build_wheel('..'))"],
        cwd=source, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    [wheel] = tmp_path.glob("*.whl")
    carried = set(zipfile.ZipFile(wheel).namelist())
    for face in FACES:
        wanted = {
            f"liangzheng/web/{path.relative_to(built)}"
            for path in (built / face).rglob("*")
            if path.is_file() and not path.name.startswith(".")
        }
        assert not wanted - carried, sorted(wanted - carried)[:5]
