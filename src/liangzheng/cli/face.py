"""`./lz face`: which engine looks at faces, and the calibration without which it passes nobody."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from liangzheng.cli.main import run
from liangzheng.infra.face_calibration import (
    LEAST_PAIRS,
    MOST_FALSE_MATCHES,
    Calibration,
    read_calibration,
    signed_calibration,
)
from liangzheng.infra.face_dlib import NAME, Comparer, DlibComparer
from liangzheng.infra.face_measure import apart_by, measure, read_pairs
from liangzheng.infra.face_rates import Measured, Rate, RatesAt, rates_at, thresholds_for
from liangzheng.infra.face_simulated import PlayedComparer, SimulatedFace
from liangzheng.infra.keys_file import write_whole
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Invalid, Unavailable
from liangzheng.kernel.time import SystemClock, civil_day
from liangzheng.standards.errors import BadKey
from liangzheng.standards.keys import Alg, SoftwareSigner

MOST_FALSE_NON_MATCHES: Final = 0.01
_KEY, _PUBLIC = "face-calibration.key", "face-calibration.der"
_TOLD_AT: Final = tuple(n / 20 for n in range(1, 30))
_BAR: Final = 30

app = typer.Typer(
    invoke_without_command=True,
    help="The face engine and its calibration. 人脸比对引擎及其阈值标定：未经标定的引擎不得自动通过任何人。",
)


@app.callback()
def show(context: typer.Context) -> None:
    """Which engine looks at faces, and whether it may pass anybody. 当前引擎，是否已标定。"""
    if context.invoked_subcommand is not None:
        return
    settings = Settings.from_env()
    engine = settings.face_engine
    if engine not in ("dlib", "simulated"):
        word = {
            "manual": "every check goes to a person",
            "authority": "each signed answer says whether it is calibrated",
        }
        typer.echo(f"engine {engine}: {word[engine]}")
        return
    comparer = _comparer(settings)
    typer.echo(f"engine {engine}, version {comparer.version}, models {comparer.models}")
    if engine == "simulated":
        typer.echo(
            "SIMULATED: looks at no face and is never calibrated  模拟引擎，不比对人脸，永不视为已标定"
        )
    elif settings.face_calibration is None or settings.face_calibration_key is None:
        typer.echo(
            "not calibrated: passes nobody, every comparison goes to a person  未标定：不自动通过，一律人工"
        )
    else:
        _tell(_read(settings, comparer, settings.face_calibration, settings.face_calibration_key))


@app.command("new-key")
def new_key(
    folder: Annotated[
        Path, typer.Argument(help="Where both files are written. 密钥写入的目录", file_okay=False)
    ],
) -> None:
    """Make the keys a calibration is signed with; the private one is for whoever answers for it. 生成签署标定记录的密钥对。"""
    signer = SoftwareSigner.generate(Alg.ES256)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (folder / _KEY).exists():
        raise Invalid(str(folder / _KEY), "is not there yet: a key is not written over")
    write_whole(folder / _KEY, signer.to_pkcs8())
    write_whole(folder / _PUBLIC, signer.public_key.spki, 0o644)
    typer.echo(f"private {folder / _KEY}\npublic  {folder / _PUBLIC}  (LZ_FACE_CALIBRATION_KEY)")


@app.command("calibrate")
def calibrate(
    pairs: Annotated[
        Path,
        typer.Argument(
            help="CSV path_a,path_b,same of consented pictures. 经本人单独同意的图像对", dir_okay=False
        ),
    ],
    key: Annotated[
        Path | None, typer.Option(help="Private key to sign the record with. 签署记录的私钥")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Where the signed record goes. 标定记录写入的文件")
    ] = None,
    most_false_matches: Annotated[
        float,
        typer.Option(
            help="Of strangers taken for one person, by the upper limit. 误识率上限",
            min=0.0001,
            max=MOST_FALSE_MATCHES,
        ),
    ] = MOST_FALSE_MATCHES,
    most_false_non_matches: Annotated[
        float, typer.Option(help="Of one person failed, by the upper limit. 拒识率上限", min=0.0001, max=0.5)
    ] = MOST_FALSE_NON_MATCHES,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON. 以 JSON 输出")] = False,
) -> None:
    """Measure the engine on your own pairs of faces, tell how often it is wrong, and sign the thresholds that follow.

    用本单位经同意采集的人脸对测量引擎：给出误识率（FMR）、拒识率（FNMR）及置信限，并签署阈值标定记录。
    """
    if (key is None) is not (record is None):
        raise Invalid("--record", "goes with --key: a record nobody signed is none")
    settings = Settings.from_env()
    comparer, listed = _comparer(settings), read_pairs(pairs)
    if min(sum(pair.same for pair in listed), sum(not pair.same for pair in listed)) < LEAST_PAIRS:
        raise Invalid(pairs.name, f"at least {LEAST_PAIRS} pairs of each sort")
    signer = _signer(key) if key is not None else None
    try:
        found = run(measure(listed, apart_by(comparer), _Progress(len(listed))))
    finally:
        comparer.close()
    measured = found.measured
    if min(sum(one.same for one in measured), sum(not one.same for one in measured)) < LEAST_PAIRS:
        raise Invalid(pairs.name, f"at least {LEAST_PAIRS} pairs of each sort with one face in each picture")
    chosen = thresholds_for(measured, most_false_matches, most_false_non_matches)
    if chosen is None:
        if not as_json:
            _table(measured)
        raise Unavailable("no threshold holds: these pairs do not show that the engine tells people apart")
    at_pass, at_fail = rates_at(measured, chosen.pass_at_most), rates_at(measured, chosen.fail_above)
    calibration = Calibration(
        engine=settings.face_engine, version=comparer.version, models=comparer.models,
        pass_at_most=chosen.pass_at_most, fail_above=chosen.fail_above,
        same_pairs=at_pass.false_non_matches.tried, other_pairs=at_pass.false_matches.tried,
        false_matches=at_pass.false_matches.errors, false_non_matches=at_fail.false_non_matches.errors,
        not_compared=found.not_compared, measured_on=civil_day(SystemClock().now()).isoformat(),
    )  # fmt: skip
    if as_json:
        typer.echo(json.dumps(_figures(calibration, at_pass, at_fail, measured)))
    else:
        if settings.face_engine == "simulated":
            typer.echo("SIMULATED: numbers were compared, no faces  模拟：比较的是数字，不是人脸")
        _table(measured)
        _tell(calibration)
    if signer is not None and record is not None:
        write_whole(record, signed_calibration(calibration, signer), 0o644)
        typer.echo(f"signed: {record}  (LZ_FACE_CALIBRATION)", err=as_json)


@app.command("check")
def check(
    record: Annotated[Path, typer.Argument(help="A signed record. 标定记录", dir_okay=False)],
    key: Annotated[Path, typer.Option(help="Public key it is signed with. 验证公钥", dir_okay=False)],
) -> None:
    """Whether a record is signed, shows enough, and is of the engine set, its version and these models. 核对标定记录。"""
    settings = Settings.from_env()
    _tell(_read(settings, _comparer(settings), record, key))


def _comparer(settings: Settings) -> Comparer:
    """Of the engine that is set. Raises Invalid where nothing is measured here, Unavailable without library or models."""
    if settings.face_engine == "simulated":
        SimulatedFace(settings.mode)  # refuses to be made in production
        return PlayedComparer()
    if settings.face_engine != NAME:
        raise Invalid("LZ_FACE_ENGINE", "dlib: of the others no distance is known here")
    return DlibComparer.with_models(settings.face_models)


def _read(settings: Settings, comparer: Comparer, record: Path, key: Path) -> Calibration:
    return read_calibration(record, key, settings.face_engine, comparer.version, comparer.models)


def _signer(key: Path) -> SoftwareSigner:
    try:
        if os.stat(key).st_mode & 0o077:
            raise Invalid(str(key), "is readable by its owner only")
        signer = SoftwareSigner.from_pkcs8(key.read_bytes())
    except OSError as error:
        raise Unavailable(f"{key}: {error.strerror}") from None
    except BadKey:
        raise Invalid(str(key), "is a private key (./lz face new-key)") from None
    if signer.alg is not Alg.ES256:
        raise Invalid(str(key), "is a key on P-256")
    return signer


class _Progress:
    """A line to standard error, ten times."""

    def __init__(self, of: int) -> None:
        self._every, self._of = max(1, of // 10), of

    def __call__(self, done: int) -> None:
        if done % self._every == 0 or done == self._of:
            typer.echo(f"{done} of {self._of} pairs", err=True)


def _tell(calibration: Calibration) -> None:
    matches = Rate.of(calibration.false_matches, calibration.other_pairs)
    misses = Rate.of(calibration.false_non_matches, calibration.same_pairs)
    typer.echo(
        f"calibrated on {calibration.measured_on}  标定日期 {calibration.measured_on}\n"
        f"passes at most 通过 ≤ {calibration.pass_at_most:.2f} · fails above 不通过 > {calibration.fail_above:.2f} · "
        "between a person decides 之间人工\n"
        f"false matches 误识 FMR {_percent(matches)} of {matches.tried} · "
        f"failed wrongly 拒识 FNMR {_percent(misses)} of {misses.tried} · not compared 未比对 {calibration.not_compared}"
    )


def _percent(rate: Rate) -> str:
    return f"{rate.value:.2%} ({rate.low:.2%}–{rate.high:.2%})"


def _table(measured: Sequence[Measured]) -> None:
    """Both rates at every twentieth, with bars of how many pairs of each sort lie there."""
    table = Table(title="limits hold with 95 % confidence each  置信限：单侧各 95%")
    for heading in ("distance 距离", "FMR 误识率", "FNMR 拒识率", "same 同一人", "others 不同人"):
        table.add_column(heading, no_wrap=True)
    most = max(_between(measured, same, at) for same in (True, False) for at in _TOLD_AT) or 1
    for at in _TOLD_AT:
        rates = rates_at(measured, at)
        bars = ["█" * round(_BAR * _between(measured, same, at) / most) for same in (True, False)]
        table.add_row(f"≤ {at:.2f}", _percent(rates.false_matches), _percent(rates.false_non_matches), *bars)
    Console().print(table)


def _between(measured: Sequence[Measured], same: bool, at: float) -> int:
    return sum(one.same is same and at - 0.05 < one.distance <= at for one in measured)


def _figures(
    calibration: Calibration, at_pass: RatesAt, at_fail: RatesAt, measured: Sequence[Measured]
) -> dict[str, object]:
    def rate(one: Rate) -> dict[str, float]:
        return {"errors": one.errors, "of": one.tried, "low": one.low, "high": one.high}

    return {
        "engine": calibration.engine,
        "version": calibration.version,
        "models": calibration.models,
        "pass_at_most": calibration.pass_at_most,
        "fail_above": calibration.fail_above,
        "not_compared": calibration.not_compared,
        "false_matches": rate(at_pass.false_matches),
        "false_non_matches": rate(at_fail.false_non_matches),
        "table": [
            {
                "threshold": each.threshold,
                "false_matches": rate(each.false_matches),
                "false_non_matches": rate(each.false_non_matches),
            }
            for each in (rates_at(measured, at) for at in _TOLD_AT)
        ],
    }
