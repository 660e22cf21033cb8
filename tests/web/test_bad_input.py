"""Bad input over real HTTP: a clear answer, nothing left behind, and the server goes on."""

import io
import json
import os
import pickle
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from sqlalchemy import func, select

from app.domain.accounts import Role
from app.storage.tables import Base
from tests.support.loop import API
from tests.support.recordings import masks_of
from tests.support.server import Server

RECORDINGS = f"{API}/recordings"
MAX_UPLOAD_MB = 20
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
MASKS = masks_of(np.array([1, 2, 3, 4], np.int8))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("bad-input"), settings={"max_upload_mb": MAX_UPLOAD_MB})
    made.start()
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as made:
        yield made


def rows(server: Server) -> dict[str, int]:
    """How many rows each table has."""
    with server.context.database.read() as session:
        return {
            table.name: session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in Base.metadata.sorted_tables
        }


@pytest.fixture(autouse=True)
def nothing_is_left_behind(server: Server, client: httpx.Client) -> Iterator[None]:
    """Of each test: no row, no file, and a server that is well."""
    server.token(Role.ADMIN)
    before = rows(server)
    yield
    assert rows(server) == before
    assert client.get(f"{API}/health").json()["status"] == "ok"
    assert wait_for_no_files(server.data_dir / "incoming") == []
    assert "Traceback" not in server.log.read_text()


def wait_for_no_files(folder: Path) -> list[Path]:
    """Files in a folder, after some moments for the server to notice that a client has gone."""
    give_up_at = time.monotonic() + 5
    while (left := list(folder.rglob("*"))) and time.monotonic() < give_up_at:
        time.sleep(0.05)
    return left


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=True, **arrays)
    return buffer.getvalue()


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


class Executes:
    """A pickle that would run a command when it is read."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.witness}",)


def shared(path: str) -> bytes:
    file = SHARED / path
    assert file.is_file(), f"{file} is missing: see ../shared/data/README.md"
    return file.read_bytes()


def bomb() -> bytes:
    return zipped({"plane0/stat.npy": bytes(100 * 1024 * 1024)})


GOOD = npz(masks=MASKS)
FILES = {
    "empty.npz": (b"", "empty"),
    "truncated.npz": (GOOD[: len(GOOD) // 2], "truncated.npz"),
    "text.npz": (b"hello", "text.npz"),
    "text.hdf5": (b"hello", "text.hdf5"),
    "no_masks.npz": (npz(rois=MASKS), "masks"),
    "flat.npz": (npz(masks=MASKS[0, 0]), "masks"),
    "four_axes.npz": (npz(masks=MASKS[None]), "masks"),
    "words.npz": (npz(masks=np.array(["a"])), "masks"),
    "objects.npz": (npz(masks=np.array([{}], dtype=object)), "masks"),
    "all_nan.npz": (npz(masks=np.full_like(MASKS, np.nan)), "NaN"),
    "all_zero.npz": (npz(masks=np.zeros_like(MASKS)), ""),
    "label_5.npz": (npz(masks=MASKS, labels=np.array([1, 2, 3, 5])), "labels"),
    "label_minus.npz": (npz(masks=MASKS, labels=np.array([1, 2, 3, -1])), "labels"),
    "traversing.zip": (zipped({"../../evil.npy": b"x"}), "unsafe name"),
    "absolute.zip": (zipped({"/etc/evil.npy": b"x"}), "unsafe name"),
    "nested.zip": (zipped({"a.zip": zipped({"b": b"x"})}), "another archive"),
    "nothing.zip": (zipped({}), "nothing.zip"),
    "file.exe": (b"MZ" + bytes(100), "file.exe"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_refused_with_what_and_where(client: httpx.Client, name: str) -> None:
    content, said = FILES[name]
    answer = client.post(RECORDINGS, files={"file": (name, content)})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]
    assert "/tmp" not in answer.json()["detail"], "a path of the server is nobody's business"
    assert "incoming" not in answer.json()["detail"]


@pytest.mark.parametrize("path", ["nwb/test_nwb.nwb", "caiman/sample_cellset_msr_1.hdf5"])
@pytest.mark.parametrize("kept", [0.1, 0.6, 0.99])
def test_a_truncated_real_file_is_refused(client: httpx.Client, path: str, kept: float) -> None:
    content = shared(path)
    name = path.rpartition("/")[2]
    cut = content[: int(kept * len(content))]
    answer = client.post(RECORDINGS, files={"file": (name, cut)})
    assert answer.status_code == 422, answer.text
    assert name in answer.json()["detail"]


def test_a_zip_bomb_is_refused_before_it_unpacks(client: httpx.Client) -> None:
    answer = client.post(RECORDINGS, files={"file": ("bomb.zip", bomb())})
    assert answer.status_code in (413, 422)
    assert "bomb.zip" in answer.json()["detail"]


@pytest.mark.parametrize("member", ["stat.npy", "ops.npy"])
def test_a_pickle_that_would_execute_code_is_refused_unread(
    client: httpx.Client, tmp_path: Path, member: str
) -> None:
    witness = tmp_path / "executed"
    folder = SHARED / "suite2p" / "inscopix" / "plane0"
    files = {
        f"plane0/{name}": (folder / name).read_bytes()
        for name in ("stat.npy", "ops.npy", "iscell.npy", "F.npy")
    }
    header = io.BytesIO()
    np.save(header, np.array([None], dtype=object), allow_pickle=True)
    start = header.getvalue()[: header.getvalue().index(b"\n") + 1]
    files[f"plane0/{member}"] = start + pickle.dumps(Executes(witness))
    answer = client.post(RECORDINGS, files={"file": ("suite2p.zip", zipped(files))})
    assert answer.status_code == 422, answer.text
    assert member in answer.json()["detail"]
    assert not witness.exists()


def test_an_upload_that_declares_five_gigabytes_is_refused_at_once(server: Server) -> None:
    address = urlsplit(server.base_url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(
            f"POST {RECORDINGS} HTTP/1.1\r\nHost: {address.netloc}\r\n"
            f"Authorization: Bearer {server.token()}\r\nContent-Length: 5000000000\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\n\r\n".encode()
        )
        answer = b""
        # Head and body may come apart, so read on until the server closes or the name has come.
        while b"SOMATA_MAX_UPLOAD_MB" not in answer and (more := connection.recv(65_536)):
            answer += more
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"SOMATA_MAX_UPLOAD_MB" in answer


def test_an_upload_of_unknown_length_is_stopped_at_the_limit(
    server: Server, client: httpx.Client
) -> None:
    sent = 0
    most_on_disk = 0
    done = threading.Event()

    def body() -> Iterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="big.npz"\r\n\r\n'
        while sent < 10 * MAX_UPLOAD_MB * 1_000_000:
            sent += 1_000_000
            yield bytes(1_000_000)

    def watch() -> None:
        nonlocal most_on_disk
        while not done.wait(0.01):
            most_on_disk = max(most_on_disk, bytes_under(server))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        answer = client.post(
            RECORDINGS,
            content=body(),
            headers={"Content-Type": "multipart/form-data; boundary=x"},
        )
    except httpx.TransportError:
        # The server may close the connection while we still send.
        answer = None
    finally:
        done.set()
        watcher.join()
    if answer is not None:
        assert answer.status_code == 413, answer.text
        assert f"larger than {MAX_UPLOAD_MB} MB" in answer.json()["detail"]
    assert most_on_disk > 0, "nobody looked while it came in"
    assert most_on_disk < 2.5 * MAX_UPLOAD_MB * 1_000_000


def bytes_under(server: Server) -> int:
    """What the server's open files and its incoming folder hold, in bytes."""
    total = 0
    for link in Path(f"/proc/{server.process.pid}/fd").iterdir():
        try:
            if "incoming" in str(link.readlink()):
                total += link.stat().st_size
        except FileNotFoundError:
            continue
    return total


def test_a_server_killed_in_an_upload_leaves_nothing_after_its_next_start(
    tmp_path: Path,
) -> None:
    server = Server(tmp_path / "data")
    left = server.data_dir / "incoming" / "tmp1" / "half.npz"
    left.parent.mkdir(parents=True)
    left.write_bytes(bytes(1000))
    try:
        server.start()
        assert list((server.data_dir / "incoming").iterdir()) == []
    finally:
        server.close()


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


@pytest.mark.parametrize("name", ["a\0b.npz", "\u2603" * 300 + ".npz", "../../x.npz", "ü.npz"])
def test_odd_file_names_do_no_harm(client: httpx.Client, name: str) -> None:
    content = npz(masks=np.zeros_like(MASKS))
    encoded = name.encode("utf-8", "replace")
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n%s\r\n--x--'
    answer = client.post(
        RECORDINGS,
        content=body % (encoded, content),
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert answer.status_code in (400, 422), answer.text


@pytest.mark.parametrize(
    "form", [{"format": "novel"}, {"name": "x" * 201}, {"name": "\0"}, {"neuron_radius_px": "nan"}]
)
def test_bad_form_fields_are_refused(client: httpx.Client, form: dict[str, str]) -> None:
    answer = client.post(RECORDINGS, files={"file": ("good.npz", GOOD)}, data=form)
    assert answer.status_code == 422, answer.text
    assert len(json.dumps(answer.json())) < 2_000


def test_a_recording_with_some_bad_components_keeps_the_good_ones_and_says_so(
    tmp_path: Path,
) -> None:
    masks = MASKS.copy()
    masks[1], masks[2] = 0, np.nan
    server = Server(tmp_path / "data")
    try:
        server.start()
        with server.client() as client:
            stored = client.post(RECORDINGS, files={"file": ("some.npz", npz(masks=masks))})
            assert stored.status_code == 201, stored.text
            assert stored.json()["components"] == 2
            assert [one["source_index"] for one in stored.json()["rejected"]] == [1, 2]
            again = client.post(RECORDINGS, files={"file": ("other.npz", npz(masks=masks))})
            assert (again.status_code, again.json()["id"]) == (200, stored.json()["id"])
    finally:
        server.close()
