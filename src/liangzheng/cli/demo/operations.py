"""What the operator does and sees: the audit record verified from outside, a backup written and checked, callers held to
their rates, and logs without anybody in them."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.held import hold
from liangzheng.cli.demo.kept import Actor
from liangzheng.infra.settings import Settings

Lz = Callable[..., Awaitable["subprocess.CompletedProcess[str]"]]
"""Runs `./lz WORDS`, as a person would."""


async def verified(settings: Settings, lz: Lz, trust: Path) -> str:
    """Every chain against every signed checkpoint, by the command an outsider runs; a changed checkpoint is named."""
    done = await lz("audit", "verify", "--trust", str(trust), "--checkpoints", str(settings.checkpoints))
    hold(done.returncode == 0, f"./lz audit verify: {_last(done.stdout or done.stderr)}")
    said = _last(done.stdout)
    with tempfile.TemporaryDirectory() as folder:
        forged = Path(folder) / "forged.checkpoint"
        genuine = next(iter(sorted(settings.checkpoints.rglob("*.checkpoint"))))
        octets = bytearray(genuine.read_bytes())
        octets[-1] ^= 1
        forged.write_bytes(octets)
        wrong = await lz("audit", "verify", "--trust", str(trust), "--checkpoints", folder)
    hold(
        wrong.returncode == 1 and "checkpoint forged" in wrong.stdout,
        "a checkpoint with one bit changed is named",
    )
    return f"{said}; one bit changed in a kept checkpoint: found"


async def backed_up(lz: Lz) -> str:
    """A backup of one moment beside the running service; checked whole, and a damaged file is named."""
    with tempfile.TemporaryDirectory() as folder:
        backup, secret = Path(folder) / "backup", Path(folder) / "passphrase"
        secret.write_text("a fictional passphrase\n")
        sealed = ("--passphrase-file", str(secret))
        made = await lz("backup", str(backup), *sealed)
        hold(made.returncode == 0, f"./lz backup: {_last(made.stderr or made.stdout)}")
        whole = await lz("restore", "--check", str(backup), *sealed)
        hold(whole.returncode == 0, f"./lz restore --check: {_last(whole.stderr or whole.stdout)}")
        with (backup / "licence.copy.gz").open("r+b") as file:
            first = file.read(1)[0]
            file.seek(0)
            file.write(bytes([first ^ 1]))
        damaged = await lz("restore", "--check", str(backup), *sealed)
        hold(damaged.returncode == 1 and "licence.copy.gz" in damaged.stderr, "the damaged file is named")
        over = await lz("restore", str(backup), *sealed)
        hold(over.returncode == 1, "nothing is restored over a running database")
    return f"{_last(made.stdout).partition(' written')[0]}, sealed and checked; a damaged file is named, nothing is written over"


_COPIES_AT_MOST: Final = 20
"""Far more than anybody may ask for in a day (api/rates.py)."""


def too_often(holder: Client) -> str:
    """Copies of one's own data, again and again: the API refuses in time, in words a program understands."""
    asked, said = 1, holder.post("/holder/data-exports")
    while said.status == 200 and asked < _COPIES_AT_MOST:
        asked, said = asked + 1, holder.post("/holder/data-exports")
    hold(said.status == 429 and said.body["code"] == "too-many", f"the {asked}th copy in a row is too many")
    again = holder.get("/holder/account")
    hold(again.status == 200, "what costs little goes on")
    return f"the {asked}th copy of one day: 429 {said.body['code']}; other requests go on"


def watched(client: Client, actor: Actor, logs: Path) -> str:
    """The API says that it is alive and ready and why; no log of any process names the driver."""
    hold(client.get("/healthz").status == 200, "the API is alive")
    ready = client.get("/readyz").expect(200)
    lines = [line for log in sorted(logs.glob("*.log")) for line in log.read_text("utf-8").splitlines()]
    hold(bool(lines), "there are logs to look into")
    secrets = (actor.identity_number, actor.mobile, actor.name, actor.password)
    hold(not any(secret in line for line in lines for secret in secrets), "no log names anybody")
    return f"ready: {', '.join(sorted(ready['checks']))}; {len(lines)} lines of log, none with the driver's name or numbers"


def _last(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1].strip() if lines else "(nothing was printed)"
