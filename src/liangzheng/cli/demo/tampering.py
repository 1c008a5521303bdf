"""The audit record taken out of the house and damaged there: what an outside verifier says of each copy."""

from __future__ import annotations

import asyncio
import gzip
import json
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from liangzheng import audit
from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.held import hold
from liangzheng.cli.demo.kept import Actor
from liangzheng.cli.demo.operations import Lz
from liangzheng.cli.demo.stage import Stage
from liangzheng.infra import epochs
from liangzheng.infra.keys_file import FileSigners, Trust
from liangzheng.kernel.errors import Conflict
from liangzheng.kernel.ids import AuditId
from liangzheng.kernel.time import SystemClock
from liangzheng.standards.x509 import Role
from liangzheng.wiring import key_dirs

Line = list[Any]
Damage = Callable[[list[Line], int, int], str]
"""Damages the lines of an export at a link (the place of its line, and of the chain's) and says what must be named."""

_LOOKS: Final = {"roadside-check", "violation-handling", "register-correction", "casework", "operation"}
"""Purposes of looks the story has made at the driver's record besides verifications."""


class Tampering:
    """One export and its damaged copies. `holder`: the driver, asked late."""

    def __init__(self, stage: Stage, actor: Actor, holder: Callable[[], Client], lz: Lz) -> None:
        self._stage, self._actor, self._holder, self._lz = stage, actor, holder, lz

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Title and act of each."""
        return [("audit tampered with", self.named), ("every look", self.listed)]

    async def named(self) -> str:
        """An export verified whole; then one entry edited, one deleted, two swapped, a chain cut: each copy's first bad entry."""
        status, octets = self._stage.client.octets("/open/trust-bundle")
        hold(status == 200, "the trust bundle is published")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            trust, whole = folder / "trust-bundle.cbor", folder / "whole.export"
            trust.write_bytes(octets)
            await self._checkpoint()
            kept = folder / "checkpoints"
            await asyncio.to_thread(shutil.copytree, self._stage.settings.checkpoints, kept)
            await audit.export(self._stage.database, whole, SystemClock().now())
            lines = _read(whole)
            link, chain = _longest(lines)
            copies = {"whole": (whole, "whole: ")}
            for damage in (edited, deleted, swapped, cut):
                copy = [list(line) for line in lines]
                expected = damage(copy, link, chain)
                copies[damage.__name__] = (_write(folder / f"{damage.__name__}.export", copy), expected)
            arguments = ("audit", "verify", "--trust", str(trust), "--checkpoints", str(kept), "--export")
            runs = await asyncio.gather(*(self._lz(*arguments, str(path)) for path, _ in copies.values()))
        said = dict(zip(copies, runs, strict=True))
        for name, (_, expected) in copies.items():
            first = next(iter(said[name].stdout.splitlines()), said[name].stderr)
            hold(
                expected in first, f"of the copy {name} the first thing named is {expected}, and not {first}"
            )
            hold(said[name].returncode == (0 if name == "whole" else 1), f"exit status of the copy {name}")
        told = "; ".join(f"{name}: {said[name].stdout.splitlines()[0][2:]}" for name in ("edited", "cut"))
        return f"five copies, one whole; named were the edited, the deleted, the swapped entry and the cut. {told}"

    async def _checkpoint(self) -> None:
        """Sealed and signed as of now, by the worker's own acts; the worker does it every half minute."""
        database, settings, now = self._stage.database, self._stage.settings, SystemClock().now()
        dirs = key_dirs(settings)
        signer = FileSigners(dirs.audit, Role.AUDIT, Trust(dirs.trust)).signing(None, now)
        await audit.seal(database, now)
        with suppress(Conflict):  # the worker made it this very moment
            await audit.checkpoint(database, signer, await epochs.current(database), now)
        await audit.write_files(database, settings.checkpoints)

    async def listed(self) -> str:
        """The driver's own list has every way somebody looked: phone, number, consent, casework, the operator."""
        number = ("--identity", self._actor.identity_number)
        why = ("--purpose", "demonstration: a question of the driver's")
        shown = await self._lz("register", "show", *number, *why)
        hold(shown.returncode == 0, f"./lz register show: {shown.stderr.strip()[-200:]}")
        production = {"LZ_MODE": "production", "LZ_FACE_ENGINE": "manual", "LZ_SMS": "none"}
        for said, missing in (((), "--purpose"), (why, "--case")):
            bare = await self._lz("register", "show", *number, *said, **production)
            hold(
                bare.returncode == 1 and missing in bare.stderr,
                f"in production nobody looks without {missing}",
            )
        found = (await asyncio.to_thread(self._holder().get, "/holder/showings?limit=200")).expect(200)[
            "looks"
        ]
        kinds = {
            "verified": [look for look in found if look["verification"]],
            "looked up": [look for look in found if look["look_up"]],
            "in casework": [look for look in found if look["entry"]],
            "told a company": [look for look in found if look["fields"] is not None],
        }
        for kind, looks in kinds.items():
            hold(bool(looks), f"looks that were {kind} are in the list")
        purposes = {look["purpose"] for look in found}
        hold(
            purposes >= _LOOKS,
            f"purposes {', '.join(sorted(_LOOKS))}, and not only {', '.join(sorted(purposes))}",
        )
        hold(all("DEMO" not in str(look) for look in found), "units and companies, no person's number")
        return (
            ", ".join(f"{len(looks)} {kind}" for kind, looks in kinds.items())
            + "; units and purposes, never a person"
        )


def edited(lines: list[Line], link: int, chain: int) -> str:
    """One purpose is another one."""
    entry = lines[link + 1]
    entry[9] += "."
    return f"entry changed: bucket {lines[chain][1]}, batch {lines[link][1]}, entry {_id(entry)}"


def deleted(lines: list[Line], link: int, chain: int) -> str:
    """One entry is gone."""
    entry = lines.pop(link + 1)
    return f"entry missing: bucket {lines[chain][1]}, batch {lines[link][1]}, entry {_id(entry)}"


def swapped(lines: list[Line], link: int, chain: int) -> str:
    """Two entries have each other's content: who did one is said to have done the other."""
    one, other = lines[link + 1], lines[link + 2]
    one[2:], other[2:] = other[2:], one[2:]
    first = min((one, other), key=lambda entry: lines[link][2].index(entry[1]))
    return f"entry changed: bucket {lines[chain][1]}, batch {lines[link][1]}, entry {_id(first)}"


def cut(lines: list[Line], link: int, chain: int) -> str:
    """The chain ends before this link, and says so itself: its own end is put right, nothing is left of what came later."""
    until = next(at for at in range(chain + 1, len(lines)) if lines[at][0] in ("chain", "end"))
    before = next((line for line in reversed(lines[chain + 1 : link]) if line[0] == "batch"), None)
    lines[chain][2:] = [before[1], before[5]] if before else [None, None]
    batch = lines[link][1]
    del lines[link:until]
    after = f", after entry {AuditId(UUID(hex=before[2][-1]))}" if before else ""
    return f"chain cut: bucket {lines[chain][1]}, batch {batch}{after}"


def _id(entry: Line) -> AuditId:
    return AuditId(UUID(hex=entry[1]))


def _longest(lines: list[Line]) -> tuple[int, int]:
    """Where the first link of two entries with different content begins, and its chain: one that checkpoints were signed over."""
    chain = 0
    for at, line in enumerate(lines):
        if line[0] == "chain":
            chain = at
        if line[0] == "batch" and len(line[2]) >= 2 and lines[at + 1][2:] != lines[at + 2][2:]:
            return at, chain
    raise AssertionError("the story has made links of more than one entry")


def _read(path: Path) -> list[Line]:
    with gzip.open(path, "rt", encoding="utf-8") as text:
        return [json.loads(line) for line in text]


def _write(path: Path, lines: list[Line]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as text:
        text.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    return path
