"""The bundle of views: one answer with all that a page draws of many components."""

import json
import zlib
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update

from app.actions import importing, pictures
from app.domain.recordings import Recording
from app.storage.tables import ComponentArrays
from tests.support.bundle import unpacked
from tests.support.world import ALICE, BOB, World
from tests.web.sites import API, Site

PATH = f"{API}/components/views"
ALL = "mask,context,trace,average,neighbours"


def field(world: World, *, seed: int = 0, images: bool = True, traces: bool = True) -> list[int]:
    """Nine discs in a row, 20 px from each other; all odd ones have the same transients."""
    rows, columns = np.mgrid[:50, :50] - 25.0
    disc = np.clip(6 - np.hypot(rows, columns), 0, 1).astype(np.float32)
    rng = np.random.default_rng(seed)
    noise = rng.normal(scale=0.05, size=(9, 5000)).astype(np.float32)
    for start in range(200, 4800, 400):
        noise[1::2, start : start + 60] += np.exp(-np.arange(60, dtype=np.float32) / 20)
    levels = rng.uniform(size=(100, 220)).astype(np.float32)
    made = Recording(
        name=f"row {seed}",
        source_format="arrays",
        masks=np.stack([disc * (1 + n) for n in range(9)]),
        centroids_px=np.array([(50, 20 + 20 * n) for n in range(9)], np.float32),
        source_indices=np.arange(9),
        traces=noise if traces else None,
        frame_rate_hz=20.0 if traces else None,
        field_shape_px=(100, 220) if images else None,
        summary_images={"mean": levels, "correlation": levels} if images else {},
    )
    stored = importing.store(world.context, ALICE, [made], source="made up")
    return world.components_of(stored[0].recording_id)


@pytest.fixture
def keys(site: Site) -> list[int]:
    """The row of discs."""
    return field(site.world)


def asked(site: Site, keys: list[int], parts: str = ALL, **more: Any) -> Any:
    """The answer to a labeler."""
    given = {"ids": ",".join(map(str, keys)), "parts": parts, **more}
    answer = site.client(BOB).get(PATH, params=given)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.somata.views"
    return answer


def bundle(site: Site, keys: list[int], parts: str = ALL) -> dict[str, Any]:
    """What a labeler gets."""
    return unpacked(asked(site, keys, parts).content)


def test_components_come_in_the_order_that_was_asked_for(site: Site, keys: list[int]) -> None:
    wanted = [keys[4], keys[0], keys[7]]
    found = bundle(site, wanted)["components"]
    assert [one["id"] for one in found] == wanted
    assert [one["source_index"] for one in found] == [4, 0, 7]
    assert found[0]["centroid_px"] == [50, 100]


def test_a_mask_comes_back_by_its_levels_and_range(site: Site, keys: list[int]) -> None:
    (one,) = bundle(site, [keys[3]])["components"]
    mask = one["mask"]
    assert (mask["low"], mask["high"]) == (0, 4)
    assert mask["levels"].shape == (50, 50)
    assert mask["levels"][25, 25] == 255
    assert mask["levels"][0, 0] == 0


def test_each_summary_image_is_cut_to_the_window(site: Site, keys: list[int]) -> None:
    (one,) = bundle(site, [keys[0]])["components"]
    context = one["context"]
    assert (context["top_px"], context["left_px"], context["side_px"]) == (-25, -55, 150)
    assert [image["kind"] for image in context["images"]] == ["mean", "correlation"]
    for image in context["images"]:
        assert (image["top_px"], image["left_px"]) == (0, 0)
        assert image["levels"].shape == (100, 95)


@pytest.mark.parametrize(
    ("images", "kinds"),
    [("", []), ("correlation", ["correlation"]), ("max,mean", ["mean"]), ("max", ["mean"])],
    ids=["none", "one", "what there is of two", "the best instead"],
)
def test_only_the_summary_images_that_are_looked_at_are_cut(
    site: Site, keys: list[int], images: str, kinds: list[str]
) -> None:
    found = unpacked(asked(site, keys[:1], images=images).content)
    (one,) = found["components"]
    assert [image["kind"] for image in one["context"]["images"]] == kinds
    (shared,) = found["recordings"]
    assert [(image["kind"], image["shape"]) for image in shared["images"]] == [
        ("mean", [100, 220]),
        ("correlation", [100, 220]),
    ]


def test_a_window_is_what_lies_in_it_of_the_whole_field(site: Site, keys: list[int]) -> None:
    found = bundle(site, [keys[4]])
    (one,) = found["components"]
    (image, _) = one["context"]["images"]
    client = site.client(BOB)
    path = f"{API}/recordings/{one['recording']}/summary"
    version = found["recordings"][0]["version"]
    answer = client.get(path, params={"kind": "mean", "v": version})
    whole = unpacked(answer.content)
    assert (whole["kind"], whole["pixel_px"], whole["levels"].shape) == ("mean", 1, (100, 220))
    top, left = image["top_px"], image["left_px"]
    rows, columns = image["levels"].shape
    cut = whole["levels"][top : top + rows, left : left + columns]
    np.testing.assert_array_equal(cut, image["levels"])
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    tag = {"If-None-Match": answer.headers["etag"]}
    assert client.get(path, params={"kind": "mean"}, headers=tag).status_code == 304
    assert client.get(path, params={"kind": "max"}).status_code == 404
    assert client.get(f"{API}/recordings/999/summary", params={"kind": "mean"}).status_code == 404


def test_contours_of_all_windows_come_once_and_in_their_places(site: Site, keys: list[int]) -> None:
    found = bundle(site, keys[:2])
    contours = found["contours"]
    assert found["components"][0]["context"]["neighbours"] == keys[1:6]
    assert sorted(contours["components"]) == keys[:7]
    ends = np.cumsum([sum(lines) for lines in contours["lines"]])[:-1]
    for key, points in zip(contours["components"], np.split(contours["points"], ends), strict=True):
        centre = np.array([50, 20 + 20 * keys.index(key)])
        np.testing.assert_allclose(np.hypot(*(points - centre).T), 5.6, atol=0.4)


def test_a_trace_keeps_its_peaks_and_names_its_transients(site: Site, keys: list[int]) -> None:
    (one,) = bundle(site, [keys[1]])["components"]
    trace = one["trace"]
    assert trace["length"] == 5000
    assert len(trace["steps"]) == len(trace["levels"]) <= 2000
    frames = np.cumsum(trace["steps"])
    assert set(range(200, 4800, 400)) <= set(frames.tolist()) | set(trace["transients"].tolist())
    assert (trace["levels"].min(), trace["levels"].max()) == (0, 65535)
    span = trace["high"] - trace["low"]
    shown = trace["low"] + trace["levels"] / 65535 * span
    stored = pictures.trace(site.world.context, keys[1], 5000).values
    np.testing.assert_allclose(shown, stored[frames], atol=span / 65535)
    np.testing.assert_allclose(trace["transients"], range(200, 4800, 400), atol=2)
    assert trace["snr"] > 5


def test_the_average_transient_decays_in_seconds(site: Site, keys: list[int]) -> None:
    quiet, active = (one["average"] for one in bundle(site, keys[:2])["components"])
    assert quiet is None
    assert active["count"] == 12
    assert active["decay"] == pytest.approx(1.0, abs=0.15)
    assert active["mean"].shape == active["spread"].shape == active["times"].shape


def test_the_neighbour_whose_trace_is_most_alike_is_named(site: Site, keys: list[int]) -> None:
    (one,) = bundle(site, [keys[3]])["components"]
    assert one["most_alike"]["component"] in {keys[1], keys[5], keys[7]}
    assert one["most_alike"]["r"] > 0.6


def test_what_a_recording_shares_comes_once(site: Site, keys: list[int]) -> None:
    other = field(site.world, seed=1)
    found = bundle(site, [keys[0], other[0], keys[1]])["recordings"]
    assert [one["field_px"] for one in found] == [[100, 220]] * 2
    assert found[0]["map"].shape == (50, 110)
    assert (found[0]["frame_rate_hz"], found[0]["mask_scale"]) == (20, 1)


def test_a_recording_of_masks_alone_has_nothing_else_to_show(site: Site) -> None:
    keys = field(site.world, images=False, traces=False)
    found = bundle(site, keys[:1])
    (one,) = found["components"]
    assert (one["trace"], one["average"], one["most_alike"]) == (None, None, None)
    assert one["context"]["images"] == []
    assert found["recordings"][0]["map"] is None
    assert len(found["contours"]["components"]) == 6


@pytest.mark.parametrize(
    "values",
    [
        [],
        [1.0],
        [np.nan] * 50,
        [np.inf, -np.inf] * 500,
        [9e14, -9e14] * 500,
        [9e14] * 500 + [0.0] * 500,
        [0.0] * 500,
    ],
    ids=["empty", "one", "missing", "infinite", "huge", "a huge step", "flat"],
)
def test_whatever_is_stored_as_a_trace_the_answer_is_whole(
    site: Site, keys: list[int], values: list[float]
) -> None:
    with site.world.context.database.write() as session:
        changed = update(ComponentArrays).where(ComponentArrays.component_id.in_(keys[:2]))
        session.execute(changed.values(trace=np.array(values, np.float32)))
    (one, _) = bundle(site, keys[:2])["components"]
    assert one["trace"]["length"] == len(values)
    assert np.isfinite([one["trace"]["low"], one["trace"]["high"]]).all()


def test_only_the_parts_that_were_asked_for_come(site: Site, keys: list[int]) -> None:
    found = bundle(site, keys[:1], parts="mask")
    (one,) = found["components"]
    assert set(one) == {"id", "recording", "source_index", "centroid_px", "mask"}
    assert set(found) == {"format", "recordings", "components"}


def test_no_label_and_no_prediction_is_in_it(site: Site, keys: list[int]) -> None:
    before = asked(site, keys).content
    site.world.label(ALICE, keys[0], 2)
    site.world.train(dict.fromkeys(keys, (0.1, 0.7, 0.1, 0.1)))
    assert asked(site, keys).content == before


def test_one_named_twice_is_answered_once(site: Site, keys: list[int]) -> None:
    assert [one["id"] for one in bundle(site, [keys[0]] * 2, "mask")["components"]] == keys[:1]


def test_what_compresses_is_compressed_for_who_takes_it(site: Site, keys: list[int]) -> None:
    answer = asked(site, keys, parts="mask")
    assert answer.headers["content-encoding"] == "gzip"
    assert len(zlib.compress(answer.content, 1)) < len(answer.content) / 2
    plain = {"Accept-Encoding": "gzip;q=0"}
    again = site.client(BOB, plain).get(PATH, params={"ids": str(keys[0]), "parts": "mask"})
    assert "content-encoding" not in again.headers


def test_the_queue_says_where_its_items_views_are_and_a_browser_keeps_them(
    site: Site, keys: list[int]
) -> None:
    client = site.client(BOB)
    answer = client.post(f"{API}/queue/next", json={"count": 5}).json()
    found = client.get(answer["views"])
    assert [one["id"] for one in unpacked(found.content)["components"]] == [
        item["component"] for item in answer["items"]
    ]
    assert found.headers["cache-control"] == "private, max-age=31536000, immutable"
    again = client.get(answer["views"], headers={"If-None-Match": found.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get(answer["views"].replace("mask,", ""))
    assert other.headers["etag"] != found.headers["etag"]


def test_a_queue_with_nothing_left_has_no_views(site: Site) -> None:
    assert site.client(BOB).post(f"{API}/queue/next", json={}).json()["views"] is None


@pytest.mark.parametrize(
    ("given", "status", "word"),
    [
        ({"ids": "999"}, 404, "no component 999"),
        ({"ids": ",".join(map(str, range(1, 146)))}, 422, "ids"),
        ({"ids": "1;2"}, 422, "ids"),
        ({"ids": "1", "parts": "labels"}, 422, "parts"),
        ({}, 422, "ids"),
    ],
    ids=["unknown", "too many", "not keys", "not a part", "none"],
)
def test_what_cannot_be_answered_is_refused(
    site: Site, given: dict[str, str], status: int, word: str
) -> None:
    answer = site.client(BOB).get(PATH, params=given)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert word in json.loads(answer.content)["detail"]
