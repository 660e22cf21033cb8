"""Bad bodies, arrays, types and keys: a clear answer, nothing stored, and the server goes on."""

import io
from collections.abc import Iterator

import httpx
import numpy as np
import pytest

from tests.support.loop import API
from tests.support.server import Server
from tests.web.bad_input.made import RECORDINGS, npz, zipped

JSON = {"Content-Type": "application/json"}
UUID = "e3e70682-c209-4cac-a29f-6fbed82c07cd"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/labels", b"{", 422),
        ("/labels", b"", 422),
        ("/labels", b"[]", 422),
        ("/labels", b"null", 422),
        ("/labels", b"\xff\xfe", 422),
        ("/labels", b"[" * 100_000, 400),
        ("/labels", b'{"labels": []}', 422),
        ("/labels", b'{"labels": [{"id": "x", "component": 1, "label": 1}]}', 422),
        ("/labels", f'{{"labels": [{{"id": "{UUID}", "component": 1, "label": 5}}]}}', 422),
        ("/labels", f'{{"labels": [{{"id": "{UUID}", "component": 0, "label": 1}}]}}', 422),
        ("/labels", f'{{"labels": [{{"id": "{UUID}", "component": true, "label": 1}}]}}', 422),
        ("/labels", f'{{"labels": [{{"id": "{UUID}", "component": "1", "label": 1}}]}}', 422),
        ("/labels", f'{{"labels": [{{"id": "{UUID}", "component": 1e99, "label": 1}}]}}', 422),
        (
            "/labels",
            f'{{"labels": [{{"id": "{UUID}", "component": 1, "label": 1, "seconds": NaN}}]}}',
            422,
        ),
        ("/labels", b'{"labels": [], "\\ud800": 1}', 422),
        ("/queue/next", b'{"strategy": "best"}', 422),
        ("/queue/next", b'{"count": 0}', 422),
        ("/queue/next", b'{"count": 101}', 422),
        ("/queue/next", b'{"recording": 2147483648}', 422),
        ("/queue/next", b'{"recording": ' + b"9" * 5000 + b"}", 400),
        ("/queue/next", b'{"recording": 7}', 404),
        ("/queue/next", b'{"round": 7}', 404),
        ("/queue/montage", b"{}", 422),
        ("/queue/montage", b'{"label": 5}', 422),
        ("/queue/montage", b'{"label": 2, "count": 145}', 422),
        ("/queue/montage", b'{"label": 2, "holding": [0]}', 422),
        ("/queue/montage", b'{"label": 2, "holding": [' + b"1," * 1000 + b"1]}", 422),
        ("/queue/montage", b'{"label": 2, "recording": 7}', 404),
        ("/queue/montage", b'{"label": 2, "selection": 7}', 404),
        ("/queue/skip", f'{{"id": "{UUID}", "component": 7}}', 404),
        ("/queue/skip", f'{{"id": "{UUID}", "component": 7, "reason": "\\u0000"}}', 422),
        ("/labels/undo", f'{{"id": "{UUID}", "undoes": "{UUID}"}}', 404),
        ("/notes", f'{{"id": "{UUID}", "component": 1}}', 422),
        ("/notes", f'{{"id": "{UUID}", "component": 1, "text": "\\u0000"}}', 422),
        ("/notes", f'{{"id": "{UUID}", "component": 1, "text": "\\ud800"}}', 422),
        ("/notes", f'{{"id": "{UUID}", "component": 7, "text": ""}}', 404),
        ("/selections", b"{}", 422),
        ("/selections", b'{"components": []}', 422),
        ("/selections", b'{"components": [true]}', 422),
        ("/selections", b'{"components": [2147483648]}', 422),
        ("/selections", b'{"components": [7], "name": "\\u0000"}', 422),
        ("/selections", b'{"components": [7]}', 404),
        ("/training-runs/7/export", b"{}", 422),
        ("/training-runs/7/export", b'{"format": "pickle"}', 422),
        ("/training-runs/7/export", b'{"format": "onnx"}', 404),
        ("/training-runs", b'{"config": {"a": "\\ud800"}}', 422),
        ("/training-runs", b'{"config": {"a": NaN}}', 422),
        ("/training-runs", b'{"config": {"a": {"b": 1}}}', 422),
        ("/training-runs", b'{"config": [1]}', 422),
        ("/rounds", b'{"title": "\\u0000"}', 422),
        ("/rounds", b'{"size": 0}', 422),
        ("/rounds", b'{"selection": 0}', 422),
        ("/rounds", b"{}", 409),
        ("/predict", b'{"masks": []}', 422),
        ("/predict", b'{"masks": [[1]]}', 422),
        ("/predict", b'{"masks": 1, "more": 2}', 422),
        ("/predict", b"\x00", 422),
    ],
)
def test_a_bad_body_is_refused_with_where_and_why(
    client: httpx.Client, path: str, body: bytes | str, status: int
) -> None:
    answer = client.post(f"{API}{path}", content=body, headers=JSON)
    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert (problem["status"], problem["type"]) == (status, "about:blank")
    assert len(problem["detail"]) > 10
    assert len(answer.content) < 5_000


def test_the_body_of_a_call_without_files_is_bounded(client: httpx.Client) -> None:
    answer = client.post(f"{API}/labels", content=b" " * 4_000_001, headers=JSON)
    assert answer.status_code == 413
    assert "at most 4 MB" in answer.json()["detail"]


def test_a_stranger_sends_little(server: Server) -> None:
    def body() -> Iterator[bytes]:
        yield b"x"

    with server.client(None) as stranger:
        unknown = stranger.post(RECORDINGS, content=body())
        large = stranger.post(RECORDINGS, content=bytes(1_000_001))
    assert (unknown.status_code, large.status_code) == (401, 401)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", b"1"),
        ("", b"1"),
        ("application/xml", b"<a/>"),
        ("multipart/form-data; boundary=x", b"1"),
    ],
)
def test_a_content_type_that_is_not_taken_is_named(
    client: httpx.Client, content_type: str, body: bytes
) -> None:
    answer = client.post(f"{API}/predict", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == 415
    assert "application/json" in answer.json()["detail"]


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((1, 50, 50), np.float32),
        np.full((1, 50, 50), np.nan, np.float32),
        np.full((1, 50, 50), -1, np.float32),
        np.ones((0, 50, 50), np.float32),
        np.ones((50, 50), np.float32),
        np.ones((1, 49, 50), np.float32),
        np.array(["a"]),
        np.ones((1, 50, 50), np.complex64),
    ],
    ids=["zero", "nan", "negative", "none", "flat", "shape", "text", "complex"],
)
def test_masks_that_a_model_cannot_look_at_are_refused(
    client: httpx.Client, array: np.ndarray
) -> None:
    buffer = io.BytesIO()
    np.save(buffer, array)
    for body in (buffer.getvalue(), npz(masks=array)):
        answer = client.post(
            f"{API}/predict", content=body, headers={"Content-Type": "application/octet-stream"}
        )
        assert answer.status_code == 422, answer.text


def test_a_posted_array_that_lies_about_its_size_is_refused(client: httpx.Client) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.ones((1, 50, 50), np.float32))
    lying = buffer.getvalue().replace(b"(1, 50, 50)", b"(90000, 9000, 9)"[:11].ljust(11))
    for body in (lying, buffer.getvalue()[:-100], zipped({"masks.npy": bytes(10**8)})):
        answer = client.post(
            f"{API}/predict", content=body, headers={"Content-Type": "application/octet-stream"}
        )
        assert answer.status_code in (413, 422), answer.text


@pytest.mark.parametrize("key", ["0", "-1", "2147483648", "9" * 400, "1.5", "x", "%00", "1%2f2"])
def test_absurd_keys_are_refused(client: httpx.Client, key: str) -> None:
    for collection in ("recordings", "components", "training-runs", "rounds", "jobs", "selections"):
        answer = client.get(f"{API}/{collection}/{key}")
        assert answer.status_code in (404, 422), (collection, answer.text)
