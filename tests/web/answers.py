"""What the answers of REST are held to, whatever was asked."""

from typing import Any

from tests.support.loop import API


def problem(answer: Any, status: int, *words: str) -> None:
    """An RFC 9457 problem whose detail says what is wrong and what to do."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["type"], body["status"]) == ("about:blank", status)
    assert body["title"]
    for word in words:
        assert word in body["detail"]


def pages(client: Any, path: str, *, limit: int, **given: object) -> list[dict[str, Any]]:
    """Every item of a list, following `next` to the end."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        params = {"limit": limit, **given, **({} if cursor is None else {"cursor": cursor})}
        answer = client.get(f"{API}{path}", params=params)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= limit
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items
