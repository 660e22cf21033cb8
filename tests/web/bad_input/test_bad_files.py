"""Bad files over real HTTP: a clear answer, nothing left behind, and the server goes on."""

import io
import json
import os
import pickle
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest

from tests.support.server import Server
from tests.web.bad_input.made import GOOD, MASKS, MAX_UPLOAD_MB, RECORDINGS, npz, zipped

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


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
