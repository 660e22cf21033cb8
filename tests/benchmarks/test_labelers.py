import json
import queue
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from benchmarks import label_studio
from benchmarks.labelers import SomataDesk, alone, crowd
from benchmarks.serving import serving
from tests.support.server import Server


class Shelf:
    """A desk with so many things to look at, two at a time."""

    def __init__(self, things: int) -> None:
        self.left = things
        self.saved: list[int] = []

    def health(self) -> float:
        return 0.001

    def next(self) -> tuple[float, list[dict[str, Any]]]:
        given = min(2, self.left)
        self.left -= given
        return 0.002, [{"thing": self.left + one} for one in range(given)]

    def save(self, item: dict[str, Any]) -> float:
        self.saved.append(item["thing"])
        return 0.003


def test_a_crowd_labels_until_nothing_is_left() -> None:
    shelves = [Shelf(5), Shelf(0), Shelf(2)]
    opened = [lambda one=one: one for one in shelves]
    results: queue.Queue[dict[str, Any]] = queue.Queue()
    crowd(opened, 60.0, results)
    found = results.get_nowait()
    assert [sorted(one.saved) for one in shelves] == [[0, 1, 2, 3, 4], [], [0, 1]]
    assert found["label"] == [0.003] * 7
    assert found["rate"] > 0


def test_one_client_asks_in_turn() -> None:
    times = alone(Shelf(8), 3)
    assert times == {"health": [0.001] * 3, "next": [0.002] * 3, "label": [0.003] * 3}


def test_a_desk_labels_at_a_real_server(tmp_path: Path) -> None:
    world = Server(tmp_path)
    token = world.token()
    world.close()
    with serving(tmp_path) as server:
        desk = SomataDesk(server.port, token, "unlabeled", ahead=10)
        with closing(desk.client.connection):
            assert desk.next()[1] == []
            assert desk.health() > 0
        memory = server.memory()
        assert 10 < memory.own < 1000
        assert memory.mapped > 0
        assert server.processor_s() > 0


def test_without_a_package_index_label_studio_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = {"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}
    for name, value in nothing.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match="needs a package index within reach"):
        label_studio.install(tmp_path / "rival")
    assert "label-studio" in (tmp_path / "rival" / "pip.log").read_text()


def test_the_classes_are_in_label_studios_own_configuration() -> None:
    assert all(json.dumps(name) in label_studio.LABEL_CONFIG for name in label_studio.CLASSES)
