"""Security headers on every kind of answer."""

import re

import pytest

from app.actions import browsing
from app.web.headers import CONTENT_SECURITY_POLICY, SECURITY
from tests.web.sites import ALICE, API, BOB, Site

HTML = {"Accept": "text/html"}


@pytest.fixture
def busy_site(site: Site) -> Site:
    """A site with a component, a model and a page that fails."""
    component = site.world.component(label=1, labeled_by=[BOB])
    site.world.train({component: (0.7, 0.1, 0.1, 0.1)})
    return site


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", HTML, 200),
        ("GET", "/sign-in", HTML, 303),
        ("GET", "/no-such-page", HTML, 404),
        ("GET", "/no-such-page", {}, 404),
        ("GET", "/recordings/1", HTML, 500),
        ("GET", f"{API}/recordings/1", {}, 500),
        ("GET", f"{API}/health", {}, 200),
        ("GET", f"{API}/nothing", {}, 404),
        ("GET", f"{API}/components/999", {}, 404),
        ("GET", f"{API}/components?limit=0", {}, 422),
        ("GET", f"{API}/components/1/mask.png", {}, 200),
        ("GET", f"{API}/components/1/mask.png", {"If-None-Match": "*"}, 304),
        ("GET", f"{API}/predictions?format=parquet", {}, 200),
        ("GET", f"{API}/training-runs/1/events", {}, 200),
        ("PUT", f"{API}/labels", {}, 405),
        ("POST", f"{API}/labels", {"Content-Length": "9000000000"}, 413),
        ("POST", f"{API}/labels", {"Content-Length": "many"}, 400),
        ("POST", "/sign-in", {"Origin": "http://["}, 422),
        ("GET", "/static/tokens.css", {}, 200),
        ("GET", "/static/no-such-file.js", {}, 404),
        ("GET", "/openapi.json", {}, 200),
    ],
)
def test_every_kind_of_answer_carries_them(
    busy_site: Site, monkeypatch: pytest.MonkeyPatch, method: str, path: str, headers, status: int
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(browsing, "get_recording", fail)
    answer = busy_site.client(ALICE).request(method, path, headers=headers)
    assert answer.status_code == status, answer.text
    assert {name: answer.headers.get(name) for name in SECURITY} == SECURITY
    if path.startswith(API):
        assert "cache-control" in answer.headers
    if status >= 400 and headers is not HTML:
        assert answer.headers["content-type"] == "application/problem+json"
        assert "nobody foresaw" not in answer.text


def test_without_a_session_too(site: Site) -> None:
    for path in ("/", "/sign-in", f"{API}/labels", "/static/tokens.css"):
        answer = site.client().get(path, headers=HTML)
        assert {name: answer.headers.get(name) for name in SECURITY} == SECURITY, path


def test_the_policy_allows_nothing_inline_and_nothing_evaluated() -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'; script-src 'self'; ")
    assert re.search(r"https?:|\*", CONTENT_SECURITY_POLICY) is None
    assert "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY


def test_a_method_that_is_not_taken_is_answered_with_all_that_are(site: Site) -> None:
    answer = site.client(ALICE).delete(f"{API}/training-runs")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


def test_a_401_says_how_to_sign_in(site: Site) -> None:
    answer = site.client().get(f"{API}/labels")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "./somata token create" in answer.json()["detail"]


def test_metrics_count_by_the_pattern_of_the_whole_address(site: Site) -> None:
    component = site.world.component()
    client = site.client(ALICE)
    client.get(f"{API}/components/{component}")
    client.get("/components/9")
    said = client.get(f"{API}/metrics").text
    assert f'route="{API}/components/{{component}}",status="200"' in said
    assert 'route="/components/{component}",status="404"' in said
