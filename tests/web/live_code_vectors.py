"""What the browser's verifier is held to: codes, trust bundles, status lists and documents with what this program says of
each, written to tests/vectors/live-code/.

    python -m tests.web.live_code_vectors

makes them anew, with new keys, when a rule or a form changed. Everybody in them is invented.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from liangzheng import offline
from liangzheng.kernel.classes import Classes, DrivingClass
from liangzheng.kernel.status import Status as LicenceStatus
from liangzheng.kernel.status import StatusLetter, display, may_drive
from liangzheng.kernel.time import civil_day
from liangzheng.showing import facts, words
from liangzheng.showing.model import Because, Decision, Reason, Tone
from liangzheng.standards import base45, cbor, livecode
from liangzheng.standards.errors import Malformed
from liangzheng.standards.keys import Alg
from liangzheng.standards.livecode import (
    NotVerifiedStep,
    Outcome,
    Step,
    TrustBundle,
    Verifier,
)
from tests.standards.making import AT, CLAIMS, DAY, HOUR, NOW, Deployment, deployment
from tests.standards.showings.frame import CASES, Shown, come_of, default_bundle, made, octets_of, stranger
from tests.web import mutator
from tests.web.certificates import certificates
from tests.web.signed_objects import SEED, bundles, documents, root_of, status_lists

FOLDER = Path(__file__).parents[1] / "vectors" / "live-code"
EACH = {Alg.ES256: 150, Alg.SM2: 60}
"""Codes of each kind of change."""


# --- showings: the table of tests/standards/showings --------------------------------------------------


def showings(alg: Alg) -> dict[str, Any]:
    place = deployment(alg)
    bundles: list[str] = []
    rows = []
    for number, case in enumerate(CASES):
        shown = made(alg, number)
        step, outcome, _ = come_of(
            livecode, lambda octets: TrustBundle.load(octets, place.root.public_key), place, shown
        )
        bundle = (shown.bundle or default_bundle(alg)).hex()
        if bundle not in bundles:
            bundles.append(bundle)
        row = {"name": str(case), "bundle": bundles.index(bundle), **_look(shown)}
        row["before"] = [_look(earlier) for earlier in shown.before]
        row["memory"] = shown.memory
        known = shown.known
        row["known"] = None if known is None else {key.hex(): value for key, value in known.items()}
        rows.append(row | {"step": step, "outcome": outcome})
    return {"root": root_of(place), "bundles": bundles, "cases": rows}


def _look(shown: Shown) -> dict[str, Any]:
    asks = shown.asks
    permits = asks.get("permits")
    live = shown.live
    return {
        "code": shown.code,
        "at": shown.now.timestamp(),
        "request": asks.get("request_key"),
        "class": asks.get("want_class"),
        "table": "allows" in asks,
        "purpose": asks.get("purpose"),
        "permits": permits and permits(asks["purpose"], CLAIMS) is None,
        "live": live
        and {
            "licenceId": live.licence_id.hex(),
            "version": live.version,
            "status": live.status,
            "points": live.points,
            "mayDrive": live.may_drive,
            "standingVersion": live.standing_version,
            "asOf": live.as_of,
        },
    }


# --- codes changed at random --------------------------------------------------------------------------


def judged(trust: TrustBundle, code: str, at: datetime = NOW) -> list[str | None]:
    """What this program says of a code nobody has seen before: the step that failed or None, and the outcome."""
    try:
        return [None, str(Verifier(trust).verify(code, at).outcome)]
    except NotVerifiedStep as failure:
        return [str(failure.step), str(failure.outcome)]


def mutants(alg: Alg) -> dict[str, Any]:
    place, random, each = deployment(alg), Random(SEED + int(alg)), EACH[alg]
    bases = mutator.bases(place)
    by_text, by_octets = [], []
    for number, base in enumerate(bases):
        for text in islice(mutator.text_splices(random, base), each):
            by_text.append([number, *text, *judged(place.trust, mutator.applied_to_text(base, text))])
        octets = octets_of(base)
        for splice in islice(mutator.octet_splices(random, octets), each):
            code = "LZ1:" + base45.encode(mutator.applied(octets, splice))
            by_octets.append([number, *splice, *judged(place.trust, code)])
    whole = [
        [code, *judged(place.trust, code)] for code in islice(mutator.signed_anew(random, place), 4 * each)
    ]
    return {
        "root": root_of(place),
        "bundle": default_bundle(alg).hex(),
        "at": AT,
        "bases": bases,
        "characters": by_text,
        "octets": by_octets,
        "signed anew": whole,
    }


# --- whole answers ------------------------------------------------------------------------------------


def answers(alg: Alg) -> dict[str, Any]:
    """Runs of one verifier each: looks in turn, with one memory or with none."""
    place = deployment(alg)
    return {
        "root": root_of(place),
        "bundle": default_bundle(alg).hex(),
        "runs": [
            {
                "name": name,
                "memory": remembers,
                "looks": list(answered(place.trust, looks, remembers=remembers)),
            }
            for name, remembers, looks in _runs(place)
        ],
    }


Look = tuple[str, datetime, str | None]


def answered(trust: TrustBundle, looks: list[Look], *, remembers: bool) -> Iterator[dict[str, Any]]:
    memory = offline.Memory() if remembers else None
    for text, now, want in looks:
        answer = offline.verify_offline(text, trust, now, want_class=want, memory=memory)
        yield {"text": text, "at": now.timestamp(), "class": want, "answer": as_json(answer)}


def as_json(said: offline.OfflineAnswer) -> dict[str, Any]:
    answer, holder, standing = said.answer, said.answer.holder, said.answer.standing
    return {
        "outcome": str(answer.outcome),
        "tone": str(said.tone),
        "headline": list(said.headline),
        "because": [
            [str(reason.because), reason.letter and str(reason.letter)] for reason in answer.decision.reasons
        ],
        "reasons": [list(reason) for reason in said.reasons],
        "step": answer.step and str(answer.step),
        "holder": holder
        and {
            "name": holder.name,
            "maskedNumber": holder.masked_number,
            "sex": holder.sex,
            "classes": [str(cls) for cls in holder.classes],
            "validFrom": holder.valid_from.isoformat(),
            "validUntil": holder.valid_until and holder.valid_until.isoformat(),
            "authority": holder.authority,
        },
        "standing": standing
        and {
            "status": str(standing.status),
            "display": str(standing.display),
            "mayDrive": standing.may_drive,
            "points": standing.points,
            "version": standing.version,
            "asOf": int(standing.as_of.timestamp()),
        },
        "classAsked": answer.class_asked and str(answer.class_asked),
        "classHeld": answer.class_held,
        "trustVersion": said.trust_version,
        "trustAgeS": said.trust_age.total_seconds(),
        "statusAgeS": None if said.status_age is None else said.status_age.total_seconds(),
    }


def _runs(place: Deployment) -> Iterator[tuple[str, bool, list[Look]]]:
    good = place.code(snapshot=place.snapshot())
    for name, text in _not_codes(good).items():
        yield f"not a code: {name}", False, [(text, NOW, None)]
    for name, text in {
        "a line end": good + "\r\n",
        "spaces before it": "  " + good,
        "a tab": "\t" + good,
    }.items():
        yield f"a code with {name}", False, [(text, NOW, None)]
    for status in ("A", "B", "D", "BDJ", "HI", "N", "L", "G", "EK", "AB", "XX", "1A"):
        for allowed in (True, False):
            snapshot = place.snapshot(status=status, may_drive=allowed, points=12)
            yield f"status {status}, {allowed}", False, [(place.code(snapshot=snapshot), NOW, "C1")]
    for age in (0, HOUR, DAY, DAY + 1, 71 * HOUR, 72 * HOUR, 80 * HOUR):
        code = place.code(snapshot=place.snapshot(as_of=AT - age, exp=AT - age + 72 * HOUR))
        yield f"a snapshot of {age} s", False, [(code, NOW, None)]
    for classes in (
        "C1",
        "A1A2",
        "A2D",
        "C2",
        "C6",
        "D",
        "E",
        "无",
        "X9",
        "C1C1",
        "A1A2A3B1B2C1C2C3C4C5C6DEFMNP",
    ):
        try:
            credential = place.credential(classes=classes)
        except Malformed:
            continue
        codes = (place.code(credential), place.code(credential, place.snapshot()))
        for want in (None, "A1", "C1", "C2", "C6", "F", "M"):
            for code in codes:
                looks: list[Look] = [(code, NOW, want)]
                yield f"{classes}, asked {want}", False, looks
    yield "no snapshot", False, [(place.code(), NOW, None)]
    late = NOW + timedelta(days=8)
    yield "an old trust bundle", False, [(_code_at(place, late), late, None)]
    at_edge = datetime.fromtimestamp(AT - HOUR, UTC) + timedelta(days=7)
    yield "a trust bundle of seven days", False, [(_code_at(place, at_edge), at_edge, None)]
    second = place.code(snapshot=place.snapshot(), nonce=b"secondly")
    yield (
        "the same code twice",
        True,
        [(good, NOW, None), (good, NOW + timedelta(seconds=5), None), (second, NOW, None)],
    )
    newer = place.code(
        snapshot=place.snapshot(standing_version=6, status="D", may_drive=False), nonce=b"newernew"
    )
    yield "an older standing after a newer", True, [(newer, NOW, None), (good, NOW, None)]
    yield "too old", False, [(good, NOW + timedelta(seconds=200), None)]
    yield "clock ahead", False, [(good, NOW - timedelta(seconds=200), None)]
    yield "run out", False, [(place.code(place.credential(exp=AT - 1)), NOW, None)]
    yield "forged", False, [(place.code(place.credential(stranger(place.alg))), NOW, None)]
    yield "superseded", False, [(place.code(place.credential(version=2), place.snapshot()), NOW, "C1")]


def _code_at(place: Deployment, now: datetime) -> str:
    at = int(now.timestamp())
    snapshot = place.snapshot(as_of=at - HOUR, exp=at + HOUR)
    return place.code(snapshot=snapshot, shown_at=at)


def _not_codes(good: str) -> dict[str, str]:
    return {
        "nothing": "",
        "spaces": "   \r\n",
        "half a code": good[: len(good) // 2],
        "a code without its last character": good[:-1],
        "the other half": good[len(good) // 2 :],
        "an address": "https://example.org/pay",
        "an address without its scheme": "www.example.org",
        "a code after an address": "https://example.org/" + good,
        "a payment code": "wxp://f2f0example",
        "another payment code": "130000000000000000",
        "a payment code of a third kind": "280000000000000000",
        "a code of another system": "HC1:6BFOXN",
        "a code of another version": "LZ2:" + good[4:],
        "small letters": good.lower(),
        "one small letter": good[:20] + "a" + good[21:],
        "far too long": "LZ1:" + "0" * 3000,
        "a name": "张示例",
    }


# --- tables and the phone -----------------------------------------------------------------------------


def tables() -> dict[str, Any]:
    """Words, classes and status letters."""
    days = (date(2022, 3, 31), date(2022, 4, 1), civil_day(NOW))
    held = [str(cls) for cls in DrivingClass] + ["A1A2", "C1E", "A2D", "无", "C1C1", "c1", "", "C7", "B1C6"]
    statuses = [str(letter) for letter in StatusLetter] + [
        "AB",
        "BDJ",
        "JDB",
        "HI",
        "",
        "O",
        "AA",
        "NPT",
        "GKL",
    ]
    return {
        "steps": {str(step): words.STEPS[step] for step in Step},
        "outcomes": {str(outcome): list(words.OUTCOMES[outcome]) for outcome in Outcome},
        "reasons": {str(because): list(words.REASONS[because]) for because in Because},
        "letters": {
            str(letter): list(words.of_reason(Reason(Because.STATUS, letter))) for letter in StatusLetter
        },
        "icons": {str(tone): words.ICONS[tone] for tone in Tone},
        "tones": {str(outcome): str(Decision(outcome).tone) for outcome in Outcome},
        "classes": [
            [text, str(wanted), (on - date(1970, 1, 1)).days, facts.allows(text, wanted, on)]
            for text in held
            for wanted in DrivingClass
            for on in days
        ],
        "read": [[text, _classes(text, days[2])] for text in held],
        "statuses": [[text, *_status(text)] for text in statuses],
    }


def _classes(text: str, on: date) -> list[str] | None:
    try:
        return [str(cls) for cls in Classes.parse_outside(text, on)]
    except ValueError:
        return None


def _status(text: str) -> tuple[str | None, list[str] | None]:
    try:
        status = LicenceStatus.parse(text)
    except ValueError:
        return None, None
    return str(display(status, None, civil_day(NOW))), [str(letter) for letter in may_drive(status)[1]]


def phone() -> dict[str, Any]:
    """Codes as a phone makes them: given the signature, a text has one form."""
    place = deployment(Alg.ES256)
    rows = []
    for snapshot, nonce in (
        (None, bytes(8)),
        (place.snapshot(), b"\xff" * 8),
        (place.snapshot(points=0), b"12345678"),
    ):
        code = place.code(snapshot=snapshot, nonce=nonce)
        octets = octets_of(code)
        rows.append(
            {
                "credential": place.credential().hex(),
                "snapshot": snapshot and snapshot.hex(),
                "shownAt": AT - 5,
                "nonce": nonce.hex(),
                "toBeSigned": (b"\x85\x63LZ1" + octets[1:-66]).hex(),
                "signature": octets[-64:].hex(),
                "code": code,
            }
        )
    # ECDSA draws a number for each signature, so the credential above is taken out of the code itself.
    for row in rows:
        row["credential"] = cbor.decode(octets_of(str(row["code"])))[0].hex()
    return {"codes": rows}


def all_vectors() -> dict[str, dict[str, Any]]:
    made_here: dict[str, dict[str, Any]] = {"tables.json": tables(), "phone.json": phone()}
    for name, make in {
        "showings": showings,
        "mutants": mutants,
        "answers": answers,
        "certificates": certificates,
        "bundles": bundles,
        "status-lists": status_lists,
        "documents": documents,
    }.items():
        made_here |= {f"{name}-{alg.name}.json": make(alg) for alg in Alg}
    return made_here


def written(value: dict[str, Any]) -> str:
    """JSON with one row of a list a line, so that a difference can be read."""
    parts = []
    for key, held in value.items():
        if isinstance(held, list):
            rows = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in held)
            parts.append(f" {json.dumps(key)}: [\n  {rows}\n ]")
        else:
            parts.append(f" {json.dumps(key)}: {json.dumps(held, ensure_ascii=False)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, value in all_vectors().items():
        (FOLDER / name).write_text(written(value), encoding="utf-8")


if __name__ == "__main__":
    main()
