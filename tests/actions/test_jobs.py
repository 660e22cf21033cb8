import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.actions import demo, jobs, training
from app.actions.jobs import JobLost
from app.domain.errors import Cancelled, Conflict, NotAllowed, NotFound
from app.storage.tables import Job
from tests.support.world import ALICE, BOB, World


def enqueued(world: World, kind: str = "score") -> int:
    return jobs.enqueue(world.context, kind, by=ALICE, request={})


def claimed(world: World, lane: str = "slow") -> Job:
    job = jobs.claim(world.context, lane)
    assert job is not None
    return job


def state(world: World, job_id: int) -> str:
    return jobs.view(world.context, job_id).state


def test_the_oldest_job_of_the_lane_comes_first(world: World) -> None:
    quick = enqueued(world, "predict")
    slow = [enqueued(world, kind) for kind in ("score", "demo")]
    assert world.tasks.lanes == ["quick", "slow", "slow"]
    assert jobs.lanes_with_work(world.context) == {"quick", "slow"}
    assert [claimed(world).id, claimed(world).id] == slow
    assert jobs.claim(world.context, "slow") is None
    assert claimed(world, "quick").id == quick
    assert jobs.lanes_with_work(world.context) == set()


def test_a_job_is_claimed_by_one_of_many(world: World) -> None:
    wanted = {enqueued(world) for _ in range(20)}
    claims: list[int] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        while (job := jobs.claim(world.context, "slow")) is not None:
            claims.append(job.id)

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work) for _ in range(8)]:
            done.result()
    assert sorted(claims) == sorted(wanted)


def test_a_job_that_shows_life_is_left_alone(world: World) -> None:
    enqueued(world)
    job = claimed(world)
    for _ in range(3):
        world.clock.forward(seconds=29)
        jobs.beat(world.context, job, {"fraction": 0.5})
        assert jobs.sweep(world.context) == []
    assert jobs.view(world.context, job.id).progress == {"fraction": 0.5}
    assert jobs.finish(world.context, job, "succeeded", progress={"fraction": 1.0})
    assert jobs.view(world.context, job.id).progress == {"fraction": 1.0}


def test_a_silent_job_is_queued_again_once_and_then_failed_with_the_reason(world: World) -> None:
    enqueued(world)
    first = claimed(world)
    world.clock.forward(seconds=31)
    assert jobs.sweep(world.context) == [f"job {first.id} (score) was silent and is queued again"]
    assert state(world, first.id) == "queued"
    assert jobs.sweep(world.context) == []
    assert claimed(world).attempts == 2
    world.clock.forward(seconds=31)
    assert jobs.sweep(world.context) == [f"job {first.id} (score) was silent and is given up"]
    view = jobs.view(world.context, first.id)
    assert view.state == "failed"
    assert view.error is not None
    assert "died 2 times" in view.error
    assert "09:00:31 UTC" in view.error
    assert jobs.claim(world.context, "slow") is None


def test_a_worker_given_up_for_dead_cannot_touch_its_successors_work(world: World) -> None:
    enqueued(world)
    slow = claimed(world)
    world.clock.forward(seconds=31)
    jobs.sweep(world.context)
    with pytest.raises(JobLost):
        jobs.beat(world.context, slow)
    successor = claimed(world)
    with pytest.raises(JobLost):
        jobs.beat(world.context, slow)
    assert not jobs.finish(world.context, slow, "failed", error="too late")
    jobs.give_back(world.context, slow)
    assert state(world, slow.id) == "running"
    assert jobs.finish(world.context, successor, "succeeded")


def test_a_waiting_job_is_cancelled_at_once(world: World) -> None:
    job = enqueued(world)
    assert jobs.cancel(world.context, job).state == "cancelled"
    assert jobs.claim(world.context, "slow") is None


def test_a_running_job_is_asked_to_stop_and_told_at_its_next_sign_of_life(world: World) -> None:
    enqueued(world)
    job = claimed(world)
    assert jobs.cancel(world.context, job.id).state == "running"
    with pytest.raises(Cancelled):
        jobs.beat(world.context, job)
    jobs.finish(world.context, job, "cancelled")
    assert jobs.cancel(world.context, job.id).state == "cancelled"


def test_a_silent_job_that_was_to_stop_is_cancelled(world: World) -> None:
    enqueued(world)
    job = claimed(world)
    jobs.cancel(world.context, job.id)
    world.clock.forward(seconds=31)
    assert jobs.sweep(world.context) == [f"job {job.id} (score) was silent and is cancelled"]
    assert state(world, job.id) == "cancelled"


def test_an_ended_job_stays_as_it_ended(world: World) -> None:
    enqueued(world)
    job = claimed(world)
    jobs.finish(world.context, job, "succeeded")
    assert jobs.cancel(world.context, job.id).state == "succeeded"
    assert not jobs.finish(world.context, job, "failed")
    jobs.give_back(world.context, job)
    assert state(world, job.id) == "succeeded"


def test_giving_a_job_back_does_not_count_as_an_attempt(world: World) -> None:
    waiting = enqueued(world)
    for _ in range(5):
        job = claimed(world)
        assert job.attempts == 1
        jobs.give_back(world.context, job)
    assert state(world, waiting) == "queued"


def test_a_job_that_is_to_stop_is_not_given_back(world: World) -> None:
    enqueued(world)
    job = claimed(world)
    jobs.cancel(world.context, job.id)
    jobs.give_back(world.context, job)
    assert state(world, job.id) == "cancelled"


def test_there_is_no_such_job(world: World) -> None:
    for ask in (jobs.view, jobs.cancel):
        with pytest.raises(NotFound, match="job 99"):
            ask(world.context, 99)


def test_the_demo_is_loaded_once_at_a_time(world: World) -> None:
    with pytest.raises(NotAllowed):
        demo.request_demo(world.context, BOB)
    loading = demo.request_demo(world.context, ALICE)
    with pytest.raises(Conflict, match="Loading of the demo"):
        demo.request_demo(world.context, ALICE)
    jobs.cancel(world.context, loading.id)
    assert demo.request_demo(world.context, ALICE).id > loading.id


def test_of_many_who_ask_for_training_at_once_one_is_heard(world: World) -> None:
    outcomes: list[object] = []
    start = threading.Barrier(6)

    def work() -> None:
        start.wait()
        try:
            outcomes.append(training.request_run(world.context, ALICE).id)
        except Conflict as error:
            outcomes.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 6
    assert len([one for one in outcomes if isinstance(one, int)]) == 1


def test_nobody_waits_for_a_worker_that_has_said_it_stops(world: World) -> None:
    jobs.show_worker(world.context, "here")
    jobs.leave(world.context, "here")
    assert not jobs.worker_is_alive(world.context)


def test_a_worker_that_stops_leaves_the_others_alive(world: World) -> None:
    jobs.show_worker(world.context, "here")
    jobs.show_worker(world.context, "there")
    jobs.leave(world.context, "here")
    assert jobs.worker_is_alive(world.context)


def test_a_worker_is_alive_while_it_shows_itself(world: World) -> None:
    assert not jobs.worker_is_alive(world.context)
    jobs.show_worker(world.context, "here")
    jobs.show_worker(world.context, "here")
    assert jobs.worker_is_alive(world.context)
    world.clock.forward(seconds=31)
    assert not jobs.worker_is_alive(world.context)


def test_predictions_that_nobody_fetched_are_cleared_away(world: World) -> None:
    fetched_late, kept = enqueued(world, "predict"), enqueued(world, "score")
    for lane in ("quick", "slow"):
        jobs.finish(world.context, claimed(world, lane), "succeeded", result_bytes=b"x")
    waiting = enqueued(world, "predict")
    world.clock.forward(minutes=11)
    jobs.show_worker(world.context, "here")
    with pytest.raises(NotFound):
        jobs.view(world.context, fetched_late)
    assert [state(world, job) for job in (kept, waiting)] == ["succeeded", "queued"]
