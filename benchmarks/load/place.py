"""Where a load benchmark runs: a directory of its own, and server processes over its database."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from liangzheng.infra.postgres.process import die_with_us
from liangzheng.infra.settings import Settings

_SIGNAL_TERM = 15


@contextmanager
def room() -> Iterator[Path]:
    """A directory for the length of the block; the database server, which may run as another user, can
    enter."""
    made = Path(tempfile.mkdtemp(prefix="lz-bench-"))
    made.chmod(0o711)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def process(settings: Settings, *words: str, more: Mapping[str, str] | None = None) -> Iterator[int]:
    """A server process (`python WORDS`) for the length of the block, with `more` settings; the port it announced."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LZ_")} | {
        "LZ_MODE": "test",
        "LZ_DATA_DIR": str(settings.data_dir),
        "LZ_ALG": settings.alg.name,
        "LZ_LOG_LEVEL": "error",
        "LZ_POOL_SIZE": str(settings.pool_size),
        # Everybody comes from one address here.
        "LZ_NETWORK_WRITES_A_MINUTE": "100000000",
        "PYTHONPATH": os.pathsep.join(("src", ".")),
        **(more or {}),
    }
    child = subprocess.Popen(
        [sys.executable, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        preexec_fn=die_with_us(_SIGNAL_TERM),
    )  # fmt: skip
    try:
        assert child.stdout is not None
        for line in child.stdout:
            found = re.search(r":(\d+)\s*$", line)
            if found:
                yield int(found[1])
                return
        raise RuntimeError(f"{' '.join(words)} did not start")
    finally:
        child.terminate()
        child.wait(20)
