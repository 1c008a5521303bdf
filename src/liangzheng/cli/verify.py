"""`./lz verify`: a live code against a trust bundle and nothing else. No server, no database, no network."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from liangzheng import OfflineAnswer, Outcome, TrustBundle, verify_offline
from liangzheng.cli import zone
from liangzheng.cli.verify_memory import default_path, fingerprint, remembered
from liangzheng.infra.settings import Settings
from liangzheng.kernel.classes import DrivingClass, row
from liangzheng.kernel.errors import Failure, Invalid
from liangzheng.kernel.time import SystemClock, civil_day
from liangzheng.offline import BadTrust, Tone
from liangzheng.standards import cose
from liangzheng.standards.errors import Malformed
from liangzheng.standards.trust import MAX_OCTETS

app = typer.Typer()

EXIT = {Outcome.VALID: 0, Outcome.UNREADABLE: 2, Outcome.STATUS_NOT_CHECKED: 3}
"""Every other outcome: 1."""

_MOST_INPUT = 100_000
_COLOUR = {
    Tone.GREEN: "bold white on green",
    Tone.AMBER: "bold black on yellow",
    Tone.RED: "bold white on red",
}


@app.command()
def verify(
    code: Annotated[
        str | None,
        typer.Argument(help="The code, LZ1:…, in quotes; - reads it from standard input.", metavar="CODE|-"),
    ] = None,
    trust: Annotated[
        Path,
        typer.Option(
            help="The signed trust bundle (`lz keys trust-bundle` writes one).", exists=True, dir_okay=False
        ),
    ] = ...,  # type: ignore[assignment]
    root: Annotated[
        str | None,
        typer.Option(
            help="SHA-256 of the root key, as its owner published it. Needed once; remembered.",
            metavar="FINGERPRINT",
        ),
    ] = None,
    driving_class: Annotated[
        str | None,
        typer.Option("--class", help="May the holder drive this class, such as C1?", metavar="CLASS"),
    ] = None,
    image: Annotated[
        Path | None, typer.Option(help="Read the code from a picture of it.", exists=True, dir_okay=False)
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            help="Verify as of then, with offset: 2026-11-20T10:00:00+08:00. Remembers nothing.",
            metavar="TIME",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of words.")] = False,
    state: Annotated[
        Path | None,
        typer.Option(
            help="Where to remember; default: liangzheng/verify.json under XDG_STATE_HOME.", dir_okay=False
        ),
    ] = None,
) -> None:
    """Verify a live code offline.

    Says what the code proves by itself, and how old the trust bundle and the status in the code are.
    Remembers the root, the highest bundle version, the codes of the last minutes and the newest status of
    each licence: an older bundle, an older status and the same code a second time are refused.

    Exit status: 0 valid · 1 not valid (forged, too old, already shown, may not drive, not in force) · 2
    nothing was verified (called wrongly, unreadable code, unusable trust bundle) · 3 genuine, but the
    status was not checked.
    """
    try:
        answer = _verify(_read(code, image), trust, root, driving_class, at, state or default_path())
    except Failure as failure:
        typer.echo(f"lz: {failure}", err=True)
        raise typer.Exit(2) from None
    except BadTrust as fault:
        typer.echo(f"lz: {fault}", err=True)
        raise typer.Exit(2) from None
    if as_json:
        _print_json(answer)
    else:
        _print_words(answer)
    raise typer.Exit(EXIT.get(answer.outcome, 1))


def _read(code: str | None, image: Path | None) -> str:
    if (code is None) == (image is None):
        raise Invalid("CODE", "a code, - for standard input, or --image; one of the three")
    if image is not None:
        from liangzheng.cli.qr import read_qr

        return read_qr(image)
    if code != "-":
        return code or ""
    octets = sys.stdin.buffer.read(_MOST_INPUT)
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise Invalid("standard input", "text") from None


def _verify(
    code: str, trust: Path, root: str | None, driving_class: str | None, at: str | None, state: Path
) -> OfflineAnswer:
    now = _instant(at) if at else SystemClock().now()
    octets = _bundle(trust)
    with remembered(state) as terminal:
        pinned = terminal.root if root is None else fingerprint(root)
        if pinned is None:
            raise Invalid(
                "--root",
                "the SHA-256 of the root key as its owner published it; it is remembered from then on",
            )
        bundle = TrustBundle.load(octets, pinned, not_older_than=terminal.memory.trust_version)
        terminal.pin(pinned)
        # Asked about another time, what is remembered proves nothing and nothing is to be remembered.
        memory = None if at else terminal.memory
        policy = Settings.from_env().status_policy
        return verify_offline(code, bundle, now, want_class=driving_class, memory=memory, policy=policy)


def _bundle(trust: Path) -> bytes:
    """The octets, if they have the form of one: whose it is is asked after."""
    with trust.open("rb") as file:
        octets = file.read(MAX_OCTETS + 1)
    try:
        cose.parse(octets)
    except Malformed as fault:
        raise Invalid(
            "--trust", f"a trust bundle (`lz keys trust-bundle` writes one); {trust.name} is none ({fault})"
        ) from None
    return octets


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Invalid("--at", "a time with its offset, such as 2026-11-20T10:00:00+08:00")
    return at.astimezone(UTC)


# --- in JSON ------------------------------------------------------------------------------------------


def _print_json(answer: OfflineAnswer) -> None:
    import msgspec

    from liangzheng.api.verifier.verdict import verdict

    said: dict[str, Any] = msgspec.to_builtins(verdict(answer.answer))
    for online_only in ("verification", "licence", "portrait"):
        del said[online_only]
    said["trust"] = {"version": answer.trust_version, "age_s": _seconds(answer.trust_age)}
    said["status_age_s"] = None if answer.status_age is None else _seconds(answer.status_age)
    typer.echo(msgspec.json.format(msgspec.json.encode(said), indent=2))


def _seconds(age: timedelta) -> int:
    return int(age.total_seconds())


# --- in words -----------------------------------------------------------------------------------------


def _print_words(answer: OfflineAnswer) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from liangzheng.showing.words import headline

    console = Console(highlight=False)
    icon, said = headline(answer.answer.decision)
    console.print(Text(f" {icon} {said.zh} · {said.en} ", style=_COLOUR[answer.tone]))
    for reason in answer.reasons:
        console.print(Text(f"   {reason.zh} · {reason.en}"))
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _lines(answer):
        # Text, not markup: whatever stands in a code is printed as it is.
        table.add_row(Text(name, style="dim"), Text(value))
    console.print(table)


def _lines(answer: OfflineAnswer) -> list[tuple[str, str]]:
    told, lines = answer.answer, []
    if told.step is not None:
        from liangzheng.showing.words import STEPS

        lines.append(("步骤 step", f"{STEPS[told.step]} · {told.step}: {told.why}"))
    if told.outcome is Outcome.UNREADABLE:
        lines.append(
            (
                "怎么办 what to do",
                "整行复制，从 LZ1: 到末尾 · copy the whole line, from LZ1: to its end, or scan again",
            )
        )
    if told.holder is not None:
        holder = told.holder
        until = holder.valid_until.isoformat() if holder.valid_until else "长期 long-term"
        lines += [
            ("姓名 name", holder.name),
            ("证号 number", f"{holder.number}  (请核对身份证 · compare with the identity card)"),
            ("性别 sex", "男 male" if holder.sex == "male" else "女 female"),
            ("准驾车型 classes", str(holder.classes)),
            ("有效期 validity", f"{holder.valid_from} – {until}"),
            ("发证机关 authority", holder.authority),
        ]
    if told.standing is not None:
        standing = told.standing
        as_of = zone.told(standing.as_of)
        letters = standing.status.shown_as if standing.status else "–"
        lines.append(("状态 status", f"{letters}，记分 points {standing.points}  (截至 as of {as_of})"))
    if told.class_asked is not None:
        lines.append(
            ("查询车型 class asked", _class_line(told.class_asked, told.class_held, told.checked_at))
        )
    age = "未核验 not checked" if answer.status_age is None else _ago(answer.status_age)
    lines.append(("状态新旧 status age", age))
    lines.append(
        (
            "信任名单 trust bundle",
            f"第{answer.trust_version}版 version {answer.trust_version}, {_ago(answer.trust_age)}",
        )
    )
    return lines


def _class_line(asked: DrivingClass, held: bool | None, at: datetime) -> str:
    known = row(asked, civil_day(at))
    name = f"{asked} {known.chinese}" if known else str(asked)
    return f"{name}: " + {True: "准驾 allowed", False: "不准驾 not allowed", None: "–"}[held]


def _ago(age: timedelta) -> str:
    seconds = max(0, _seconds(age))
    for size, chinese, english in ((86400, "天", "days"), (3600, "小时", "hours"), (60, "分钟", "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size}{chinese}前 {seconds // size} {english} old"
    return f"{seconds}秒前 {seconds} seconds old"
