"""What tests/vectors/live-code says is what this program says today: the browser's verifier is held to nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from liangzheng.standards import base45, livecode
from liangzheng.standards.keys import Alg
from liangzheng.standards.livecode import Standing, TrustBundle, Verifier
from tests.standards.making import AT, deployment
from tests.standards.showings.frame import CASES, Shown, allows, come_of, octets_of
from tests.web import certificates, mutator, signed_objects
from tests.web import live_code_vectors as written

both = pytest.mark.parametrize("alg", [alg.name for alg in Alg])


def vectors(name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((written.FOLDER / name).read_text(encoding="utf-8"))
    return value


def trust_in(value: dict[str, Any]) -> TrustBundle:
    return TrustBundle.load(bytes.fromhex(value["bundle"]), bytes.fromhex(value["root"]))


def instant(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def test_the_tables_are_those_of_today() -> None:
    assert vectors("tables.json") == json.loads(json.dumps(written.tables()))


def test_the_files_are_written_in_their_one_form() -> None:
    for file in written.FOLDER.iterdir():
        assert file.read_text(encoding="utf-8") == written.written(vectors(file.name))


@both
def test_every_showing_of_the_table_is_there_and_comes_to_what_is_written(alg: str) -> None:
    value = vectors(f"showings-{alg}.json")
    assert [row["name"] for row in value["cases"]] == [str(case) for case in CASES]
    root = bytes.fromhex(value["root"])
    trusted = {octets: TrustBundle.load(octets, root) for octets in map(bytes.fromhex, value["bundles"])}
    for row in value["cases"]:
        shown = _shown(row, bytes.fromhex(value["bundles"][row["bundle"]]))
        step, outcome, _ = come_of(livecode, trusted.__getitem__, deployment(Alg[alg]), shown)
        assert (step, outcome) == (row["step"], row["outcome"]), row["name"]


def _shown(row: dict[str, Any], bundle: bytes) -> Shown:
    asks: dict[str, Any] = {"request_key": row["request"]} if row["live"] is None else {}
    asks |= {"want_class": row["class"], "purpose": row["purpose"]}
    if row["table"]:
        asks["allows"] = allows
    if row["permits"] is not None:
        asks["permits"] = lambda purpose, claims: None if row["permits"] else "refused"
    live = row["live"]
    return Shown(
        row["code"],
        instant(row["at"]),
        asks,
        bundle,
        live
        and Standing(
            licence_id=bytes.fromhex(live["licenceId"]),
            version=live["version"],
            status=live["status"],
            points=live["points"],
            may_drive=live["mayDrive"],
            standing_version=live["standingVersion"],
            as_of=live["asOf"],
        ),
        tuple(_shown(earlier, bundle) for earlier in row.get("before", ())),
        row.get("memory"),
        None if row.get("known") is None else {bytes.fromhex(k): v for k, v in row["known"].items()},
    )


@both
def test_every_changed_code_comes_to_what_is_written(alg: str) -> None:
    value = vectors(f"mutants-{alg}.json")
    trust, bases = trust_in(value), value["bases"]
    assert value["at"] == AT
    codes = [
        (mutator.applied_to_text(bases[n], (at, taken, put)), said)
        for n, at, taken, put, *said in value["characters"]
    ]
    for number, at, taken, put, *said in value["octets"]:
        octets = mutator.applied(octets_of(bases[number]), (at, taken, put))
        codes.append(("LZ1:" + base45.encode(octets), said))
    codes += [(code, said) for code, *said in value["signed anew"]]
    assert len(codes) == 12 * written.EACH[Alg[alg]]
    assert [(code, said) for code, said in codes if written.judged(trust, code) != said] == []


@both
def test_every_answer_is_what_is_written(alg: str) -> None:
    value = vectors(f"answers-{alg}.json")
    trust = trust_in(value)
    for run in value["runs"]:
        looks = [(look["text"], instant(look["at"]), look["class"]) for look in run["looks"]]
        assert list(written.answered(trust, looks, remembers=run["memory"])) == run["looks"], run["name"]


@both
def test_every_bundle_list_and_document_is_what_is_written(alg: str) -> None:
    for row in vectors(f"bundles-{alg}.json")["cases"]:
        octets, root = bytes.fromhex(row["octets"]), bytes.fromhex(row["root"])
        assert signed_objects.version_of(octets, root, row["notOlderThan"]) == row["version"], row["name"]
    value = vectors(f"certificates-{alg}.json")
    for row in value["cases"]:
        good = certificates.is_good(row["name"], bytes.fromhex(row["octets"]), bytes.fromhex(value["root"]))
        assert good == row["good"], row["name"]
    for octets in value["refused by the browser alone"]:
        assert certificates.is_good("signer", bytes.fromhex(octets), bytes.fromhex(value["root"]))
    lists = vectors(f"status-lists-{alg}.json")
    trust = trust_in(lists)
    for row in lists["cases"]:
        said = signed_objects.list_in(trust, bytes.fromhex(row["octets"]), row["uri"], row["at"])
        assert said == row["list"], row["name"]
    documents = vectors(f"documents-{alg}.json")
    trust = trust_in(documents)
    credential = Verifier(trust).open(documents["code"], instant(AT)).credential
    for row in documents["cases"]:
        said = signed_objects.document_in(trust, credential, bytes.fromhex(row["octets"]))
        assert said == row["document"], row["name"]
