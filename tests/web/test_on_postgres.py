"""The whole product on PostgreSQL: server, worker, huey's queue in the same database."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import inspect

from app.domain.accounts import Role
from tests.support.loop import API, add_small_recordings, post_labels, train, wait_for_worker
from tests.support.recordings import masks_of
from tests.support.server import Server

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path, fresh_postgres_database: str) -> Iterator[Server]:
    settings = {"database_url": fresh_postgres_database}
    made = Server(tmp_path / "data", worker=True, settings=settings).start()
    wait_for_worker(made)
    yield made
    made.stop()
    made.close()


def test_label_train_relabel_and_predict_on_postgresql(server: Server) -> None:
    add_small_recordings(server)
    with server.client() as client, server.client(Role.LABELER) as labeler:
        assert client.get(f"{API}/health").json()["database"] == "postgresql"
        work = labeler.post(f"{API}/queue/next", json={"strategy": "unlabeled", "count": 5}).json()
        assert [one["component"] for one in work["items"]] == [1, 2, 3, 4, 5]
        assert {one["status"] for one in post_labels(labeler, range(1, 25))} == {"saved"}
        run = train(client)
        assert (run["state"], run["error"]) == ("succeeded", None)
        opened = client.post(f"{API}/rounds", json={"size": 4}).json()
        item = labeler.post(f"{API}/queue/next", json={"round": opened["id"]}).json()["items"][0]
        receipt = post_labels(
            labeler, range(item["component"], item["component"] + 1), round=opened["id"]
        )[0]
        assert receipt["reveal"]["prediction"]["run"] == run["id"]
        assert client.get(f"{API}/rounds/{opened['id']}").json()["done"] == 1
        masks = masks_of(np.array([1, 2], np.int8), seed=1).tolist()
        predicted = client.post(f"{API}/predict", json={"masks": masks})
        assert len(predicted.json()["items"]) == 2
    tables = inspect(server.context.database.engine).get_table_names()
    assert "huey_task" in tables, "the queue is PostgresHuey's"
    assert not list((server.data_dir).glob("*.db")), "nothing is left on this machine's disk"
