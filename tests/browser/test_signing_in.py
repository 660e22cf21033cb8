from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from app.actions import accounts, rounds
from app.actions.rounds import RoundPlan
from app.domain.accounts import Role
from tests.browser.site import PASSWORD, Site, Visit, recording

Opens = Callable[..., Visit]
Form = dict[str, str | float | bool]


def test_an_invited_person_chooses_a_name_and_a_password_and_is_in(site: Site, visit: Opens):
    secret = accounts.add_person(site.context, "bob", Role.LABELER)
    page = visit().page
    page.goto(f"/invite/{secret}")
    page.get_by_label("Name").fill("Bob B.")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("link", name="Bob B.")).to_be_visible()


def test_looking_at_an_invite_does_not_use_it_up(site: Site, visit: Opens):
    secret = accounts.add_person(site.context, "bob", Role.LABELER)
    page = visit().page
    for _ in range(2):
        page.goto(f"/invite/{secret}")
        expect(page.get_by_role("button", name="Begin")).to_be_visible()


def test_a_used_invite_says_what_to_do(site: Site, visit: Opens):
    secret = accounts.add_person(site.context, "bob", Role.LABELER)
    accounts.accept_invite(site.context, secret, "bob", PASSWORD)
    page = visit().page
    answer = page.goto(f"/invite/{secret}")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_text("ask for a new one")).to_be_visible()


def test_signing_in_leads_to_the_page_that_was_asked_for(site: Site, visit: Opens):
    page = visit().page
    page.goto("/components?order=entropy&label=2")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Name").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Components")).to_be_visible()
    expect(page.get_by_label("Order")).to_have_value("entropy")
    expect(page.get_by_label("Label", exact=True)).to_have_value("2")
    page.get_by_role("button", name="Sign out").click()
    page.goto("/rounds")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_wrong_password_is_told_and_the_name_stays(site: Site, visit: Opens):
    page = visit().page
    page.goto("/sign-in")
    page.get_by_label("Name").fill("alice")
    page.get_by_label("Password").fill("a guess at it")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not fit")
    expect(page.get_by_label("Name")).to_have_value("alice")


@pytest.mark.parametrize("elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_signing_in_never_leads_to_another_site(site: Site, visit: Opens, elsewhere: str):
    window = visit().window
    form: Form = {"name": "alice", "password": PASSWORD, "next": elsewhere}
    answer = window.request.post("/sign-in", form=form, max_redirects=0)
    assert answer.headers["location"] == "/"


def test_a_labeler_sees_no_admin_buttons_and_reaches_no_admin_page(site: Site, visit: Opens):
    site.store(recording(labels=[1, 2, 3, 4, 0] * 6))
    site.trained(predicted=1)
    rounds.open_round(site.context, site.alice, RoundPlan("quality", 5))
    site.person("bob")
    buttons = ("Train", "Train again", "Cancel", "Open", "Close the round")
    page = visit("bob").page
    for path in ("/", "/rounds", "/rounds/1", "/runs", "/runs/1", "/recordings/1"):
        page.goto(path)
        for name in buttons:
            expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
        for name in ("Import", "People", "Open a round"):
            expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)
    for path in ("/import", "/people"):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 403
        expect(page.get_by_role("heading", name="Not allowed")).to_be_visible()


def test_an_invite_link_from_the_people_page_lets_somebody_in(site: Site, visit: Opens):
    page = visit("alice").page
    page.goto("/people")
    page.get_by_label("Name").fill("carol")
    page.get_by_role("button", name="Make an invite link").click()
    link = page.get_by_label("invite link").input_value()
    # The page is the answer to a form; to load it again must not make another invite.
    expect(page).to_have_url(f"{site.address}/people")
    page.reload()
    expect(page.get_by_label("invite link")).to_have_count(0)
    guest = visit().page
    guest.goto(link)
    guest.get_by_label("Password").fill(PASSWORD)
    guest.get_by_role("button", name="Begin").click()
    expect(guest.get_by_role("link", name="carol")).to_be_visible()


def test_somebody_deactivated_is_out_at_once(site: Site, visit: Opens):
    site.person("bob")
    bob = visit("bob").page
    bob.goto("/rounds")
    page = visit("alice").page
    page.goto("/people")
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_text("deactivated", exact=True)).to_be_visible()
    bob.goto("/rounds")
    expect(bob.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_token_is_shown_once_and_works_until_it_is_revoked(site: Site, visit: Opens):
    one = visit("alice")
    one.page.goto("/account")
    one.page.get_by_label("Name of the token").fill("notebook")
    one.page.get_by_role("button", name="Make a token").click()
    token = one.page.get_by_label("token", exact=True).input_value()
    program = visit().window.request
    headers = {"Authorization": f"Bearer {token}"}
    assert program.get("/api/v1/recordings", headers=headers).status == 200
    expect(one.page).to_have_url(f"{site.address}/account")
    one.page.reload()
    expect(one.page.get_by_label("token", exact=True)).to_have_count(0)
    expect(one.page.get_by_role("button", name="Revoke")).to_have_count(1)
    one.page.get_by_role("button", name="Revoke").click()
    expect(one.page.get_by_role("button", name="Revoke")).to_have_count(0)
    assert program.get("/api/v1/recordings", headers=headers).status == 401


def test_a_changed_password_ends_the_other_sessions_but_not_this_one(site: Site, visit: Opens):
    here, there = visit("alice").page, visit("alice").page
    here.goto("/account")
    here.get_by_label("Present password").fill(PASSWORD)
    here.get_by_label("New password").fill("another horse")
    here.get_by_role("button", name="Change it").click()
    expect(here.get_by_text("The password is changed")).to_be_visible()
    here.goto("/rounds")
    expect(here.get_by_role("heading", name="Relabeling rounds")).to_be_visible()
    there.goto("/rounds")
    expect(there.get_by_role("heading", name="Sign in")).to_be_visible()
