"""What the queue worker does by the clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from drivers.feeding import status
from liangzheng import audit, drivers
from liangzheng.infra import metrics
from liangzheng.infra.forgetting import forget_all
from liangzheng.infra.postgres import Connection
from liangzheng.standards.keys import Alg, SoftwareSigner
from liangzheng.wiring import Part, Wiring, wire
from liangzheng.worker.schedule import IDEMPOTENCY_KEPT, JOBS, Job, Schedule
from tests.api.phone import done
from tests.licences.holders import Deployment
from tests.licences.photos import apply_with_own


def queue(place: Deployment) -> Wiring:
    """The wiring the queue worker would have over the same database."""
    return wire(place.wiring.settings, Part.QUEUE, place.world.database, place.clock)


async def test_a_job_runs_at_once_and_then_every_so_often(place: Deployment) -> None:
    ran: list[str] = []

    async def act(wiring: object, now: object) -> None:
        ran.append("ran")

    schedule = Schedule(place.wiring, (Job("job", timedelta(seconds=10), act),))
    for seconds in (0, 9, 10, 19, 20):
        await schedule.run_due(place.now + timedelta(seconds=seconds))
    assert len(ran) == 3


async def test_a_clock_that_steps_back_does_not_stop_a_job(place: Deployment) -> None:
    ran: list[str] = []

    async def act(wiring: object, now: object) -> None:
        ran.append("ran")

    schedule = Schedule(place.wiring, (Job("job", timedelta(seconds=10), act),))
    for seconds in (0, -3600, -3595):
        await schedule.run_due(place.now + timedelta(seconds=seconds))
    assert len(ran) == 2


async def test_all_jobs_run_and_the_audit_record_is_sealed(place: Deployment) -> None:
    holder = await place.holder()
    await holder.apply()
    unsealed = "SELECT count(*) FROM audit_entry WHERE batch_seq IS NULL"
    assert await place.world.count(unsealed) > 0
    wiring = queue(place)
    assert await Schedule(wiring).run_due(place.now) == [job.name for job in JOBS]
    assert await place.world.count(unsealed) == 0
    assert await audit.check(place.world.database) == []
    assert await place.world.count("SELECT count(*) FROM audit_checkpoint") == 1
    (written,) = audit.read_files(wiring.settings.checkpoints).values()
    assert audit.opened(written, place.wiring.trust()).checkpoint.made_at == place.now


async def test_what_a_phone_may_still_repeat_is_kept_and_then_forgotten(place: Deployment) -> None:
    holder = await place.holder()
    await holder.apply()
    known = "SELECT count(*) FROM idempotency"
    await Schedule(place.wiring).run_due(place.now + IDEMPOTENCY_KEPT - timedelta(seconds=1))
    assert await place.world.count(known) > 0
    await Schedule(place.wiring).run_due(place.now + IDEMPOTENCY_KEPT + timedelta(seconds=1))
    assert await place.world.count(known) == 0


async def test_what_is_over_goes_however_much_there_is_of_it(place: Deployment) -> None:
    """A run lets go in small steps, and of everything: what comes in an hour must not be more than what goes."""
    steps: list[int] = []

    async def forget(tx: Connection, limit: int) -> int:
        steps.append(limit)
        gone = await tx.execute("DELETE FROM paid WHERE n IN (SELECT n FROM paid LIMIT $1)", limit)
        return int(gone.split()[1])

    async with place.world.database.transaction() as tx:
        await tx.execute("CREATE TABLE paid AS SELECT n FROM generate_series(1, 25) AS n")
    assert await forget_all(place.world.database, forget, at_once=4, at_most=10) == 10
    assert steps == [4, 4, 2]
    assert await forget_all(place.world.database, forget, at_once=5) == 15
    assert await place.world.count("SELECT count(*) FROM paid") == 0


async def test_messages_and_answered_requests_are_kept_as_long_as_the_settings_say(
    place: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    holder = await place.holder()
    await place.drain()
    (message, *_) = done(await holder.phone.get("/holder/messages"), 200)["messages"]
    asked = done(await holder.phone.post("/holder/corrections", {"wish": "住址有误"}), 201)
    assert (await holder.phone.put(f"/holder/messages/{message['message_id']}/read")).status_code == 204
    assert (await holder.phone.delete(f"/holder/corrections/{asked['request_id']}")).status_code == 204
    settings = replace(place.wiring.settings, messages_kept_days=200, corrections_kept_days=300)
    wiring, prune = (
        replace(place.wiring, settings=settings),
        tuple(job for job in JOBS if job.name == "prune"),
    )
    unread = await place.world.count("SELECT count(*) FROM message WHERE read_at IS NULL")
    for days, told, requests in ((200, 1, 1), (201, 0, 1), (300, 0, 1), (301, 0, 0)):
        with caplog.at_level("INFO"):
            await Schedule(wiring, prune).run_due(place.now + timedelta(days=days))
        assert await place.world.count("SELECT count(*) FROM message WHERE read_at IS NOT NULL") == told
        assert await place.world.count("SELECT count(*) FROM correction_request") == requests
    assert await place.world.count("SELECT count(*) FROM message WHERE read_at IS NULL") == unread
    assert caplog.text.count("messages forgotten") == 1


async def test_late_reviews_are_escalated_and_the_queue_is_measured(place: Deployment) -> None:
    await place.open_city()
    holder = await place.holder()
    await apply_with_own(holder)
    metrics.REVIEWS.clear()
    await Schedule(place.wiring).run_due(place.now + timedelta(hours=1))
    exposed = metrics.exposition().decode()
    assert 'lz_photo_reviews{state="late"} 0.0' in exposed
    assert "lz_photo_review_oldest_seconds 3600.0" in exposed
    await Schedule(place.wiring).run_due(place.now + timedelta(days=12))
    assert 'lz_photo_reviews{state="late"} 1.0' in metrics.exposition().decode()
    assert await place.world.count("SELECT count(*) FROM photo_review WHERE escalated_at IS NOT NULL") == 1
    assert await place.world.count("SELECT count(*) FROM outbox WHERE topic = 'review.escalated'") == 1


async def test_face_checks_left_open_are_escalated_measured_and_their_pictures_let_go(
    place: Deployment,
) -> None:
    holder = await place.holder()
    await holder.phone.agree("face-review")
    await holder.phone.leave_open()
    metrics.FACE_REVIEWS.clear()
    await Schedule(place.wiring).run_due(place.now + timedelta(hours=1))
    exposed = metrics.exposition().decode()
    assert (
        'lz_face_reviews{state="waiting"} 1.0' in exposed and 'lz_face_reviews{state="late"} 0.0' in exposed
    )
    assert "lz_face_review_oldest_seconds 3600.0" in exposed
    await Schedule(place.wiring).run_due(place.now + timedelta(days=12))
    assert 'lz_face_reviews{state="late"} 1.0' in metrics.exposition().decode()
    kept = "SELECT count(*) FROM face_capture"
    assert await place.world.count(kept) == 8
    await Schedule(place.wiring).run_due(place.now + timedelta(days=14))
    assert await place.world.count(kept) == 0
    told = "SELECT count(*) FROM outbox WHERE topic LIKE 'face-review.%'"
    assert await place.world.count(told) == 3, "opened, escalated, ended"


async def test_lines_that_wait_are_counted_and_old_ones_forgotten(
    place: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    database = place.world.database
    signer = SoftwareSigner.generate(Alg.ES256)
    source = await drivers.add_source(database, "示例登记", ["32"], signer.public_key, place.now)
    lines = status(1, "D", 999) + b"\n" + status(3, "D", 999)
    keys, tables = place.wiring.key_index, drivers.code_tables()
    answer = await drivers.take_feed(database, keys, tables, source.id, lines, place.now)
    assert (answer.done_to, answer.waiting) == (1, 1)
    with caplog.at_level("WARNING"):
        await Schedule(place.wiring).run_due(place.now + timedelta(hours=1))
        assert "wait for a missing one" not in caplog.text
        await Schedule(place.wiring).run_due(place.now + timedelta(hours=1, seconds=1))
        assert "wait for a missing one" in caplog.text
    assert "lz_register_lines_waiting 1.0" in metrics.exposition().decode()
    kept = timedelta(days=place.wiring.settings.feed_lines_kept_days)
    assert await place.world.count("SELECT count(*) FROM register_line") == 1
    await Schedule(place.wiring).run_due(place.now + kept + timedelta(seconds=1))
    assert await place.world.count("SELECT count(*) FROM register_line") == 0
    assert await place.world.count("SELECT forgotten_to FROM register_source") == 1
