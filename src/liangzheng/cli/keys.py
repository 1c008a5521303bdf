"""`./lz keys`: the ceremonies of the root. Works on a data directory; needs no database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from liangzheng.cli import zone
from liangzheng.cli.approval import demand_approvals
from liangzheng.infra.keys_file import (
    ISSUING_PROVINCES,
    KeyDirs,
    KeyOverlap,
    compromise,
    init,
    key_state,
    kid_of,
    load_bundle,
    refuse_in_production,
    rotate,
    sign_again,
)
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.region import PROVINCES
from liangzheng.kernel.time import SystemClock
from liangzheng.standards.keys import Alg
from liangzheng.standards.trust import TrustBundle
from liangzheng.standards.x509 import Role
from liangzheng.wiring import key_dirs

app = typer.Typer(
    no_args_is_help=True,
    help="Make, rotate and list signing keys; write the trust bundle. Keys in files are for demonstrations and tests: "
    "production refuses them unless LZ_ALLOW_SOFTWARE_KEYS is set.",
)

DEMO_ORGANISATION = "Fictional Licensing Authority"


Approval = Annotated[
    list[str] | None,
    typer.Option(help="An approved proposal of the staff, prp_…; one for each key.", metavar="PROPOSAL"),
]


def _at_work() -> tuple[Settings, KeyDirs, datetime]:
    settings = Settings.from_env()
    refuse_in_production(settings.mode, settings.allow_software_keys)
    settings.make_data_dir()
    return settings, key_dirs(settings), SystemClock().now()


def _say(bundle: TrustBundle, what: str) -> None:
    typer.echo(f"{what}; trust bundle version {bundle.version}, {len(bundle.entries)} keys")


@app.command("init")
def init_keys(
    alg: Annotated[str | None, typer.Option(help="ES256 or SM2; default: LZ_ALG")] = None,
    organisation: Annotated[str, typer.Option(help="Named in the certificates.")] = DEMO_ORGANISATION,
) -> None:
    """Root, a document signer for each of the 31 provinces, status signer, index secret; trust bundle
    version 1.
    """
    settings, dirs, now = _at_work()
    bundle = init(dirs, _alg(alg) if alg else settings.alg, now, organisation)
    _say(bundle, "keys made")
    typer.echo(f"root key: {dirs.root}; take it off this machine, nothing that runs reads it")
    typer.echo(f"root fingerprint, for verifiers to pin: {bundle.root.fingerprint.hex()}")


@app.command("rotate")
def rotate_keys(
    province: Annotated[
        list[str] | None, typer.Option(help="CN-32, 32 or 苏; may be given again.", metavar="PROVINCE")
    ] = None,
    status: Annotated[bool, typer.Option("--status", help="The status signer.")] = False,
    audit: Annotated[bool, typer.Option("--audit", help="The audit signer.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="All 31 provinces, the status and the audit signer.")
    ] = False,
    lead_hours: Annotated[
        int,
        typer.Option(min=0, max=720, help="The new key signs after this, so that verifiers have its bundle."),
    ] = 0,
    overlap_hours: Annotated[
        int, typer.Option(min=0, max=720, help="The old key signs this much longer.")
    ] = 24,
    approval: Approval = None,
) -> None:
    """New keys; the old ones go on until the overlap ends and stay in the bundle with the window they signed
    in. In production two people have approved each: --approval once for every key.
    """
    settings, dirs, now = _at_work()
    provinces = list(ISSUING_PROVINCES) if everything else [_province(text) for text in province or ()]
    roles: list[tuple[Role, str | None]] = [(Role.DOCUMENT, each) for each in dict.fromkeys(provinces)]
    if status or everything:
        roles.append((Role.STATUS, None))
    if audit or everything:
        roles.append((Role.AUDIT, None))
    if not roles:
        raise Invalid("rotate", "say --province, --status, --audit or --all")
    wanted = [{"role": role.value, "province": each} for role, each in roles]
    demand_approvals(settings, approval or [], [("rotate-key", what) for what in wanted], now)
    takeover = KeyOverlap(timedelta(hours=lead_hours), timedelta(hours=overlap_hours))
    _say(rotate(dirs, roles, now, takeover), f"{len(roles)} keys rotated")


@app.command("compromise")
def compromise_key(
    kid: Annotated[str, typer.Argument(help="Key id as `list` shows it.", metavar="KID")],
    at: Annotated[datetime | None, typer.Option(help="Since when (UTC); default: now.")] = None,
    approval: Approval = None,
) -> None:
    """What this key signed from then on is refused by every verifier that gets the new bundle. In production two people have
    approved it: --approval.
    """
    settings, dirs, now = _at_work()
    demand_approvals(settings, approval or [], [("retire-key", {"kid": kid_of(kid).hex()})], now)
    since = at.replace(tzinfo=UTC) if at else now
    bundle = compromise(dirs, kid_of(kid), since, now)
    _say(bundle, f"key {kid} marked compromised since {since:%Y-%m-%d %H:%M} UTC")
    entry = next(entry for entry in bundle.entries if entry.kid == kid_of(kid))
    rotation = f"--province {entry.province}" if entry.province else f"--{entry.role}"
    typer.echo(f"now make its successor: ./lz keys rotate {rotation} --overlap-hours 0")


@app.command("list")
def list_keys() -> None:
    """Every key of the bundle: whose, its state, the window in which it signs."""
    dirs, now = key_dirs(Settings.from_env()), SystemClock().now()
    bundle = load_bundle(dirs)
    table = Table(box=None, pad_edge=False)
    for heading in ("key id", "role", "province", "alg", "state", "signs from (UTC)", "until (UTC)"):
        table.add_column(heading, no_wrap=True)
    for entry in sorted(
        bundle.entries, key=lambda entry: (entry.role, entry.province or "", entry.signed_from)
    ):
        province = f"{entry.province} {PROVINCES[entry.province[3:]].abbreviation}" if entry.province else "–"
        state = key_state(entry, bundle.entries, now).value
        window = (_day(entry.signed_from), _day(entry.signed_until))
        table.add_row(entry.kid.hex(), entry.role.value, province, entry.alg.name, state, *window)
    console = Console()
    console.width = max(console.width, 100)  # whole, also where the output goes into a file
    console.print(table)
    typer.echo(f"trust bundle version {bundle.version} of {_minute(bundle.issued_at)}")
    typer.echo(f"root {bundle.root.alg.name}, fingerprint {bundle.root.fingerprint.hex()}")


@app.command("trust-bundle")
def trust_bundle(
    out: Annotated[Path, typer.Option(help="Where to write it.", dir_okay=False)],
    sign: Annotated[
        bool, typer.Option(help="Sign it anew first, which needs the root key; --no-sign copies it as it is.")
    ] = True,
) -> None:
    """Sign the bundle anew, under a version one higher, and write it for verifiers."""
    if sign:
        _, dirs, now = _at_work()
        bundle = sign_again(dirs, now)
    else:
        dirs = key_dirs(Settings.from_env())
        bundle = load_bundle(dirs)
    out.write_bytes(dirs.bundle.read_bytes())
    _say(bundle, f"written to {out}")


def _alg(text: str) -> Alg:
    try:
        return Alg[text.upper()]
    except KeyError:
        raise Invalid("--alg", "is ES256 or SM2") from None


def _province(text: str) -> str:
    for name in ISSUING_PROVINCES:
        prefix = name[3:]
        if text in (name, prefix, prefix + "0000", PROVINCES[prefix].abbreviation):
            return name
    raise Invalid("--province", "is one of the 31 provinces that issue licences: CN-32, 32 or 苏")


def _day(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d")


def _minute(epoch: int) -> str:
    return zone.told(datetime.fromtimestamp(epoch, UTC))
