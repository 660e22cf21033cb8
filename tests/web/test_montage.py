from app.actions import montage
from tests.support.world import ALICE, BOB
from tests.web.sites import API, Site


def test_a_program_asks_for_a_montage_and_marks_its_labels(site: Site) -> None:
    keys = site.world.recording(3)
    site.world.train(dict.fromkeys(keys, (0.02, 0.94, 0.02, 0.02)))
    bob = site.client(BOB)
    page = bob.post(f"{API}/queue/montage", json={"label": 2, "count": 2}).json()
    assert (len(page["items"]), page["above"], page["threshold"]) == (2, 3, 0.9)
    assert page["views"].startswith(f"{API}/components/views?ids=")
    assert "parts=mask&" in page["views"]
    one = page["items"][0]
    answer = {
        "id": one["lease"],
        "component": one["component"],
        "label": 2,
        "lease": one["lease"],
        "seconds": 0.4,
        "montage": 2,
    }
    bob.post(f"{API}/labels", json={"labels": [answer]})
    [event] = bob.get(f"{API}/labels?history=true").json()["items"]
    assert (event["montage"], event["seconds"]) == (2, 0.4)


def test_only_admins_see_and_set_the_threshold(site: Site) -> None:
    assert site.client(BOB).get("/montage/threshold").status_code == 403
    form = {"threshold": "0.8"}
    assert site.client(BOB).post("/montage/threshold", data=form).status_code == 403
    site.client(ALICE).post("/montage/threshold", data=form)
    assert montage.outlook(site.world.context).threshold == 0.8
