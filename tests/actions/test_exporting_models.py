"""Asking for a run's model as a file, and fetching what a worker wrote."""

import pytest

from app.actions import exporting_models, jobs, training
from app.actions.exporting_models import exported_file, exports_of, request_export
from app.domain.errors import Conflict, NotAllowed, NotExported, NotFound
from tests.support.world import ALICE, BOB, World


def run_of_masks(world: World) -> int:
    run = world.train({world.component(): (0.4, 0.3, 0.2, 0.1)})
    config = {"architecture": "cnn", "inputs": ["mask"]}
    training.record_result(world.context, run, config=config)
    return run


def write(world: World, run: int, format: str, data: bytes | None, state: str = "succeeded") -> int:
    """A file as a worker writes it; returns the job."""
    job = world.claimed(request_export(world.context, ALICE, run, format).id)
    assert jobs.finish(world.context, job, state, result_bytes=data)
    return job.id


def test_the_newest_file_of_each_format_is_fetched(world: World) -> None:
    run, other = run_of_masks(world), run_of_masks(world)
    write(world, run, "onnx", b"old")
    write(world, run, "onnx", b"newer")
    write(world, run, "fiji", b"packed")
    assert exported_file(world.context, ALICE, run, "onnx") == b"newer"
    assert exported_file(world.context, ALICE, run, "fiji") == b"packed"
    assert {one.format: one.size for one in exports_of(world.context, run).values()} == {
        "onnx": 5,
        "fiji": 6,
    }
    with pytest.raises(NotExported, match=f"no onnx file of training run {other}"):
        exported_file(world.context, ALICE, other, "onnx")


def test_what_was_replaced_does_not_pile_up(world: World) -> None:
    run = run_of_masks(world)
    first, *_ = [write(world, run, "onnx", b"file") for _ in range(4)]
    failed = write(world, run, "fiji", None, "failed")
    write(world, run, "onnx", b"file")
    with pytest.raises(NotFound):
        jobs.view(world.context, first)
    assert jobs.view(world.context, failed).state == "failed", "it is of another format"


def test_a_new_attempt_that_comes_to_nothing_leaves_the_file_before_it(world: World) -> None:
    run = run_of_masks(world)
    write(world, run, "onnx", b"whole")
    write(world, run, "onnx", None, "failed")
    assert exported_file(world.context, ALICE, run, "onnx") == b"whole"
    assert exports_of(world.context, run)["onnx"].job.state == "failed"


def test_a_file_is_kept_for_a_day(world: World) -> None:
    run = run_of_masks(world)
    write(world, run, "onnx", b"file")
    world.clock.forward(hours=23)
    jobs.show_worker(world.context, "worker")
    assert exported_file(world.context, ALICE, run, "onnx") == b"file"
    world.clock.forward(hours=2)
    jobs.show_worker(world.context, "worker")
    with pytest.raises(NotExported, match="kept for a day"):
        exported_file(world.context, ALICE, run, "onnx")


def test_asked_twice_it_is_written_once(world: World) -> None:
    run = run_of_masks(world)
    first = request_export(world.context, ALICE, run, "onnx")
    assert request_export(world.context, ALICE, run, "onnx") == first
    assert request_export(world.context, ALICE, run, "fiji").id != first.id
    assert world.tasks.lanes[-1] == "slow"


def test_an_export_is_cancelled_and_leaves_nothing(world: World) -> None:
    run = run_of_masks(world)
    job = request_export(world.context, ALICE, run, "onnx")
    exporting_models.cancel_export(world.context, ALICE, run, "onnx")
    assert jobs.view(world.context, job.id).state == "cancelled"
    with pytest.raises(Conflict, match="No export of run"):
        exporting_models.cancel_export(world.context, ALICE, run, "onnx")
    with pytest.raises(NotExported):
        exported_file(world.context, ALICE, run, "onnx")


def test_only_admins_ask_and_fetch_and_only_of_runs_that_have_a_model(world: World) -> None:
    run = run_of_masks(world)
    for act in (request_export, exported_file, exporting_models.cancel_export):
        with pytest.raises(NotAllowed):
            act(world.context, BOB, run, "onnx")
    waiting = training.request_run(world.context, ALICE).id
    with pytest.raises(Conflict, match=r"has not begun. Export one that has succeeded"):
        request_export(world.context, ALICE, waiting, "onnx")
    with pytest.raises(NotFound, match="training run 99"):
        request_export(world.context, ALICE, 99, "onnx")
