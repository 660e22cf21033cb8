"""Desk and montage without what they like to have: storage, pictures, a neighbour's trace."""

from collections.abc import Callable

from playwright.sync_api import Route, expect

from tests.browser.site import Desk, Site, Visit, recording

Opens = Callable[..., Visit]
NO_STORAGE = """
for (const name of ["localStorage", "sessionStorage", "indexedDB"])
  Object.defineProperty(window, name, {
    get() { throw new DOMException("denied", "SecurityError"); }
  });
"""


def test_a_browser_that_keeps_nothing_labels_all_the_same(site: Site, visit: Opens):
    site.store(recording())
    page = visit("alice").page
    page.add_init_script(NO_STORAGE)
    desk = Desk(page)
    page.get_by_role("button", name="Dark or light").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    given = {desk.press(key): [int(key)] for key in "123"}
    expect(page.locator("[data-done]")).to_have_text("3")
    desk.all_saved()
    assert site.all_answers() == given


def test_nor_does_the_montage_need_any_storage(site: Site, visit: Opens):
    site.store(recording(components=40))
    site.trained(predicted=2, sure=0.95)
    page = visit("alice").page
    page.add_init_script(NO_STORAGE)
    page.goto("/montage")
    first = page.locator(".montage-tile").first
    component = first.get_attribute("data-component") or ""
    page.keyboard.press("Enter")
    expect(first).not_to_have_attribute("data-component", component)
    page.keyboard.press("u")
    expect(page.get_by_text("A page that you have confirmed")).to_be_visible()
    expect(page.locator("[data-saved]")).to_have_text("all saved")
    assert len(site.all_answers()) == 36


def test_masks_that_do_not_come_are_said_and_asked_for_again(site: Site, visit: Opens):
    site.store(recording())
    page = visit("alice").page
    page.route("**/components/views?*", lambda route: route.abort())
    desk = Desk(page)
    waits = page.get_by_text("Fetching components")
    expect(waits).to_be_visible()
    words = page.locator("[data-message]")
    expect(words).to_have_text("Masks and traces do not come: no connection. Trying again.")
    page.unroute("**/components/views?*")
    desk.component()
    expect(words).to_have_text("")
    expect(waits).to_be_hidden()


def test_a_stumble_of_the_network_needs_no_words(site: Site, visit: Opens):
    site.store(recording())
    page = visit("alice").page
    failures = iter([True, True])

    def stumble(route: Route) -> None:
        if next(failures, False):
            route.abort()
        else:
            route.continue_()

    page.add_init_script(
        """globalThis.said = [];
        addEventListener("DOMContentLoaded", () => {
          const place = document.querySelector("[data-message]");
          const note = () => said.push(place.textContent);
          new MutationObserver(note).observe(place, {childList: true});
        });"""
    )
    page.route("**/components/views?*", stumble)
    Desk(page).component()
    assert page.evaluate("said.filter(Boolean)") == []


def test_a_neighbours_trace_that_does_not_come_is_said(site: Site, visit: Opens):
    site.store(recording())
    page = visit("alice").page
    # Before the page is there: Chromium let a request through that came just after.
    page.route("**/trace?points=*", lambda route: route.abort())
    page.reload()
    desk = Desk(page)
    desk.component()
    page.keyboard.press("t")
    words = page.locator("[data-message]")
    expect(words).to_contain_text("The trace most alike did not load: no connection.")
    page.unroute("**/trace?points=*")
    with page.expect_response("**/trace?points=*") as answer:
        page.keyboard.press("t")
        page.keyboard.press("t")
    assert answer.value.ok
