"""Doing a run over, and its weights, by program and on the run's page."""

from app.actions import training
from tests.support.loop import API
from tests.support.world import World
from tests.web.answers import problem
from tests.web.sites import ALICE, BOB, Site

ASKED = f"{API}/training-runs"


def trained(world: World) -> int:
    return world.train({world.component(labeled_by=[ALICE]): (0.4, 0.3, 0.2, 0.1)})


def repeated(world: World, original: int, **found: object) -> int:
    """A repeat that succeeded and found this."""
    run = training.repeat_run(world.context, ALICE, original)
    world.claimed_and_done(run.id)
    training.record_result(world.context, run.id, metrics={"repeat": found})
    return run.id


def test_a_program_asks_for_a_repeat_and_for_nothing_beside_it(site: Site) -> None:
    client = site.client(ALICE)
    original = trained(site.world)
    problem(client.post(ASKED, json={"repeat": 99}), 404, "training run 99")
    for name, value in {"config": {}, "start_from": original}.items():
        asked = client.post(ASKED, json={"repeat": original, name: value})
        problem(asked, 422, "Leave out config and start_from")
    run = client.post(ASKED, json={"repeat": original})
    assert (run.status_code, run.json()["repeats"]) == (202, original)
    assert (
        run.json()["snapshot_event_id"]
        == client.get(f"{ASKED}/{original}").json()["snapshot_event_id"]
    )
    problem(client.post(ASKED, json={"repeat": original}), 409, "queued already")


def test_the_page_repeats_a_run_and_says_what_came_of_it(site: Site) -> None:
    admin, world = site.browser(ALICE), site.world
    original = trained(world)
    action = f'action="/runs/{original}/repeat"'
    assert action in admin.get(f"/runs/{original}").text
    assert action not in site.browser(BOB).get(f"/runs/{original}").text
    answer = admin.post(f"/runs/{original}/repeat")
    run = training.list_runs(world.context, None, 1)[0]
    assert (answer.status_code, answer.headers["location"]) == (303, f"/runs/{run.id}")
    assert f'<a href="/runs/{original}">run {original}</a>; used only if it is promoted' in (
        admin.get(f"/runs/{run.id}").text
    )
    assert f"repeats run {original}" in admin.get("/runs").text
    assert "It is the newest, repeats aside." in admin.get("/runs").text
    refused = admin.post(f"/runs/{original}/repeat")
    assert (refused.status_code, "queued already" in refused.text) == (409, True)
    training.cancel_run(world.context, ALICE, run.id)
    same = repeated(world, original, same_model=True, furthest=0.0, differs={"threads": [1, 2]})
    page = admin.get(f"/runs/{same}").text
    assert f"It came to the same as run {original}:" in page
    assert "1 then" not in page
    assert "It is the newest, repeats aside." in page
    other = repeated(
        world, original, same_model=False, furthest=0.5, differs={"torch": ["1", None]}
    )
    page = admin.get(f"/runs/{other}").text
    assert f"It did not come to the same as run {original}:" in page
    assert "differs by up to 0.5" in page
    assert "torch: 1 then, not noted now" in page
    assert f"/runs/compare?a={original}&amp;b={other}" in page


def test_the_weights_of_a_run_are_a_file_for_whoever_is_signed_in(site: Site) -> None:
    client, run = site.client(BOB), trained(site.world)
    path = f"{ASKED}/{run}/weights"
    training.record_result(site.world.context, run, weights=None)
    problem(client.get(path), 409, "kept no weights")
    training.record_result(site.world.context, run, weights=b"safe" * 500)
    found = client.get(path)
    assert (found.status_code, found.content) == (200, b"safe" * 500)
    assert f'filename="model_run_{run}.safetensors"' in found.headers["content-disposition"]
    page = site.browser(ALICE).get(f"/runs/{run}").text
    assert f'<a href="/api/v1/training-runs/{run}/weights" download>safetensors</a> (2 kB)' in page
    waiting = site.client(ALICE).post(ASKED).json()["id"]
    problem(client.get(f"{ASKED}/{waiting}/weights"), 409, "has not begun")
    problem(client.get(f"{ASKED}/99/weights"), 404, "training run 99")
