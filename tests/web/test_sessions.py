"""Sessions: the cookie's flags, when it ends, and what signing in gives away."""

import pytest
from itsdangerous import URLSafeTimedSerializer
from pwdlib import PasswordHash

from app.actions import accounts
from app.web.sessions import COOKIE, Sessions, kept_secret
from tests.web.sites import ALICE, BOB, CAROL, HOST, PASSWORD, Site


def sign_in(site: Site, name: str, password: str = PASSWORD, next: str = "/"):
    given = {"name": name, "password": password, "next": next}
    return site.client(headers={"Origin": HOST}).post("/sign-in", data=given)


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Site) -> None:
    site.set_password(BOB)
    flags = sign_in(site, "Bob").headers["set-cookie"].lower().split("; ")
    assert {"httponly", "samesite=lax", "path=/", "max-age=2592000"} <= set(flags)
    assert "secure" not in flags, "http://127.0.0.1 could not keep it"


def test_the_cookie_goes_over_https_alone_where_people_come_by_https(site: Site) -> None:
    settings = site.world.with_settings(public_url="https://somata.lab").settings
    site.app.state.sessions = Sessions(settings)
    site.set_password(BOB)
    assert "; Secure" in sign_in(site, "Bob").headers["set-cookie"]


def test_a_forged_or_altered_cookie_is_nobody(site: Site) -> None:
    client = site.browser(BOB)
    sound = client.cookies[COOKIE]
    # The signature's first letter: the last one holds bits that base64 does not use.
    signed, _, signature = sound.rpartition(".")
    altered = ("A" if signature[0] != "A" else "B") + signature[1:]
    for forged in (
        URLSafeTimedSerializer("another key", salt="session").dumps([ALICE.id, 0]),
        f"{signed}.{altered}",
        "x" + sound,
        "",
    ):
        stranger = site.client(headers={"Cookie": f"{COOKIE}={forged}"})
        assert stranger.get("/account").status_code == 401


@pytest.mark.parametrize("value", [["x", 0], [1], {"a": 1}, None, [None, None], [1, 2, 3]])
def test_a_signed_cookie_of_another_shape_is_nobody(site: Site, value: object) -> None:
    key = kept_secret(site.world.context.settings.data_dir / "secret.key")
    signed = URLSafeTimedSerializer(key, salt="session").dumps(value)
    assert site.client(headers={"Cookie": f"{COOKIE}={signed}"}).get("/").status_code == 401


def test_the_key_is_readable_by_its_owner_alone(site: Site) -> None:
    file = site.world.context.settings.data_dir / "secret.key"
    assert file.stat().st_mode & 0o077 == 0
    assert len(file.read_text()) >= 32


def test_a_session_ends_with_signing_out_everywhere(site: Site) -> None:
    laptop, desk = site.browser(BOB), site.client(headers={"Origin": HOST})
    desk.post("/sign-in", data={"name": "Bob", "password": PASSWORD})
    assert desk.get("/account").status_code == 200
    laptop.post("/account/sign-out-everywhere")
    assert (laptop.get("/account").status_code, desk.get("/account").status_code) == (401, 401)


def test_a_new_password_ends_other_sessions_and_keeps_this_one(site: Site) -> None:
    laptop, desk = site.browser(BOB), site.client(headers={"Origin": HOST})
    desk.post("/sign-in", data={"name": "Bob", "password": PASSWORD})
    changed = laptop.post("/account/password", data={"old": PASSWORD, "new": "another long one"})
    assert changed.status_code == 200
    assert (laptop.get("/account").status_code, desk.get("/account").status_code) == (200, 401)
    assert sign_in(site, "Bob").status_code == 401


def test_signing_out_returns_what_was_promised(site: Site) -> None:
    site.world.recording(1)
    client = site.browser(BOB)
    leased = client.post("/api/v1/queue/next", json={})
    assert len(leased.json()["items"]) == 1
    assert site.world.next_for(CAROL) is None
    client.post("/sign-out")
    assert site.world.next_for(CAROL) is not None
    assert client.get("/account").status_code == 401


def test_a_wrong_name_takes_the_same_work_as_a_wrong_password(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.set_password(BOB)
    site.set_password(CAROL)
    accounts.set_active(site.world.context, ALICE, CAROL.id, False)
    checks: list[str] = []
    verify = PasswordHash.verify

    def counted(self, password, hash):
        checks.append(password)
        return verify(self, password, hash)

    monkeypatch.setattr(PasswordHash, "verify", counted)
    answers = {
        name: sign_in(site, name, "wrong password")
        for name in ("Bob", "Carol", "Alice", "Nobody of that name")
    }
    assert [one.status_code for one in answers.values()] == [401] * 4
    assert len(checks) == 4
    told = {one.text.replace(name, "") for name, one in answers.items()}
    assert len(told) == 1, "the answers differ in more than the name"


@pytest.mark.parametrize(
    "next", ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil", "", "evil"]
)
def test_after_signing_in_nobody_is_sent_to_another_site(site: Site, next: str) -> None:
    site.set_password(BOB)
    assert sign_in(site, "Bob", next=next).headers["location"] == "/"


def test_an_invite_works_once_and_says_so_afterwards(site: Site) -> None:
    secret = accounts.invite_again(site.world.context, ALICE, BOB.id)
    path = f"/invite/{secret}"
    client = site.client(headers={"Origin": HOST, "Accept": "text/html"})
    assert client.get(path).status_code == 200
    short = client.post(path, data={"name": "Bob", "password": "short"})
    assert (short.status_code, "at least 8" in short.text) == (422, True)
    taken = client.post(path, data={"name": "Alice", "password": PASSWORD})
    assert (taken.status_code, "Choose another name" in taken.text) == (409, True)
    done = client.post(path, data={"name": "Bob", "password": PASSWORD})
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert client.get("/account").status_code == 200
    assert client.get(path).status_code == 404
    assert client.post(path, data={"name": "Bob", "password": PASSWORD}).status_code == 404


def test_what_one_persons_page_sends_is_not_taken_as_another_persons(site: Site) -> None:
    key = site.world.component()
    browser = site.browser(BOB)
    given = {"labels": [{"id": "0" * 31 + "1", "component": key, "label": 1}]}
    for page_of, status in ((CAROL.id, 401), ("x", 401), (BOB.id, 200)):
        headers = {"Somata-Labeler": str(page_of)}
        answer = browser.post("/api/v1/labels", json=given, headers=headers)
        assert answer.status_code == status
        if status == 401:
            assert answer.json()["title"] == "Somebody else is signed in"
            assert "when they sign in again" in answer.json()["detail"]
    assert [event.labeler_id for event in site.world.log()] == [BOB.id]
