"""Notes, and one's own steps, over REST."""

from uuid import uuid4

from tests.support.loop import API
from tests.web.sites import ALICE, BOB, Site, label


def note(component: int, text: str) -> dict[str, object]:
    return {"id": str(uuid4()), "component": component, "text": text}


def test_a_note_is_written_and_read_with_the_component(site: Site) -> None:
    key = site.world.component()
    bob, alice = site.client(BOB), site.client(ALICE)
    assert bob.get(f"{API}/components/{key}/note").json() == {"note": None}
    written = bob.post(f"{API}/notes", json=note(key, "two cells?"))
    assert written.status_code == 200
    assert bob.get(f"{API}/components/{key}/note").json() == {"note": written.json()}
    assert alice.get(f"{API}/components/{key}").json()["notes"] == [written.json()]
    assert alice.get(f"{API}/components/{key}/note").json() == {"note": None}, "not hers"
    page = alice.get(f"/components/{key}", headers={"Accept": "text/html"}).text
    assert "two cells?" in page


def test_a_note_that_cannot_be_is_refused(site: Site) -> None:
    key = site.world.component()
    bob = site.client(BOB)
    for bad in (note(key, "x" * 2001), note(key, "nul \x00"), {**note(key, ""), "more": 1}):
        assert bob.post(f"{API}/notes", json=bad).status_code == 422
    assert bob.post(f"{API}/notes", json=note(999, "where?")).status_code == 404
    assert bob.get(f"{API}/components/999/note").status_code == 404


def test_ones_own_steps_are_paged_and_tell_no_label(site: Site) -> None:
    keys = site.world.recording(5)
    bob = site.client(BOB)
    given = [label(key, 2) for key in keys]
    bob.post(f"{API}/labels", json={"labels": given})
    found, cursor = [], None
    while True:
        params = {"limit": 2, **({} if cursor is None else {"cursor": cursor})}
        page = bob.get(f"{API}/labels/mine", params=params).json()
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert [one["id"] for one in found] == [one["id"] for one in given[::-1]]
    assert set(found[0]) == {
        "id", "component", "recording", "kind", "round", "created_at", "urls",
    }  # fmt: skip
    assert site.client(ALICE).get(f"{API}/labels/mine").json() == {"items": [], "next": None}
    assert bob.get(f"{API}/labels/mine?round=9").status_code == 404
