"""The command line: exit codes, one sentence on standard error, and commands that do their work."""

import csv
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import structlog

from app.cli import main, parser
from app.version import VERSION
from tests.support.recordings import masks_of
from tests.support.server import Server, clean_environment, somata

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
INVITE = re.compile(r"^http://\S+/invite/[\w-]{20,}$")

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Run a command in this process, on a fresh data folder; starting Python takes seconds."""
    # A logger that is kept would write to this test's standard error, closed when others use it.
    configure = structlog.configure
    unkept = {"cache_logger_on_first_use": False}
    monkeypatch.setattr(structlog, "configure", lambda **how: configure(**how | unkept))
    folder = tmp_path / "data"
    for name, value in clean_environment(folder).items():
        if name.startswith("SOMATA_"):
            monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def in_this_process(*arguments: str) -> subprocess.CompletedProcess[str]:
        try:
            code = main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
        said = capfd.readouterr()
        return subprocess.CompletedProcess(arguments, code, said.out, said.err)

    yield in_this_process
    structlog.reset_defaults()


def npz(path: Path, seed: int = 0, **more: np.ndarray) -> Path:
    """A small recording as a file."""
    masks = masks_of(np.array([1, 2, 3, 4] * 3, np.int8), seed)
    np.savez(path, masks=masks, allow_pickle=True, **more)
    return path


def refused(result: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """One sentence on standard error with these words, nothing on standard output."""
    assert result.returncode == code, result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr


COMMANDS = [
    [],
    *([name] for name in ("serve", "worker", "demo", "import", "export", "train", "tune")),
    *([name] for name in ("backup", "restore", "user", "token")),
    ["user", "add"],
    ["token", "create"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_is_everywhere(run: Run, command: list[str]) -> None:
    result = run(*command, "--help")
    assert result.returncode == 0
    assert result.stdout.startswith("usage: somata")
    assert result.stderr == ""


def test_help_names_every_command_of_the_contract() -> None:
    shown = parser().format_help()
    for command in (
        "serve",
        "demo",
        "import",
        "export",
        "train",
        "tune",
        "user",
        "token",
        "backup",
    ):
        assert f"    {command} " in shown
    assert "    backup " in shown


def test_the_version_is_printed(run: Run) -> None:
    assert run("--version").stdout == f"somata {VERSION}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["import"],
        ["import", "x.npz", "--format", "novel"],
        ["import", "x.npz", "--neuron-radius-px", "wide"],
        ["user", "add", "Bob"],
        ["user", "add", "Bob", "--role", "owner"],
        ["serve", "--port", "many"],
        ["tune", "--minutes", "0"],
        ["tune", "--minutes", "nan"],
        ["export"],
        ["backup"],
    ],
    ids=" ".join,
)
def test_bad_usage_is_exit_code_2(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert "usage: somata" in result.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "http"), ("MAX_UPLOAD_MB", "-5"), ("LOG_LEVEL", "LOUD"), ("SECRET_KEY", "abc")],
)
def test_a_bad_setting_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"SOMATA_{name}", value)
    refused(run("backup", "x.db"), 2, f"SOMATA_{name}", "docs/settings.md")


def test_a_port_given_to_serve_is_checked_too(run: Run) -> None:
    refused(run("serve", "--port", "70000"), 2, "SOMATA_PORT")


def test_a_database_that_cannot_be_reached_is_a_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOMATA_DATABASE_URL", "postgresql+psycopg://a:secret@127.0.0.1:1/none")
    result = run("token", "create", "notebook")
    refused(result, 1, "SOMATA_DATABASE_URL")
    assert "secret" not in result.stderr


@pytest.mark.parametrize("url", ["nonsense", "mysql://a:secret@b/c", "postgresql://a:secret@b/c"])
def test_a_database_url_that_is_none_is_a_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("SOMATA_DATABASE_URL", url)
    result = run("token", "create", "notebook")
    refused(result, 2, "SOMATA_DATABASE_URL", "use postgresql+psycopg://")
    assert "secret" not in result.stderr


def test_a_data_folder_that_is_a_file_is_a_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SOMATA_DATA_DIR", str(tmp_path / "file"))
    refused(run("token", "create", "notebook"), 1, "file")


def test_token_create_prints_the_token_alone(run: Run) -> None:
    made = run("token", "create", "notebook")
    assert made.returncode == 0
    assert re.fullmatch(r"somata_[\w-]{40,}\n", made.stdout)
    assert "Made the admin account notebook" in made.stderr
    second = run("token", "create", "notebook")
    assert second.stderr == ""
    assert second.stdout != made.stdout


def test_user_add_prints_a_link_and_refuses_a_name_that_is_taken(run: Run) -> None:
    made = run("user", "add", "Bob", "--role", "labeler")
    assert made.returncode == 0
    assert INVITE.match(made.stdout.strip())
    again = run("user", "add", "Bob", "--role", "admin")
    assert INVITE.match(again.stdout.strip()), "who has not signed up gets a new link"
    refused(run("user", "add", "", "--role", "admin"), 1, "printable characters")


def test_import_stores_files_and_folders_and_says_what_came_of_each(
    run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    np.save(folder / "masks.npy", masks_of(np.array([1, 2], np.int8), 7))
    file = npz(tmp_path / "one.npz", labels=np.array([1, 2, 3, 4] * 3))
    first = run("import", str(file), str(folder))
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.splitlines() == [
        "one: 12 components (recording 1)",
        "folder: 2 components (recording 2)",
    ]
    again = run("import", str(file))
    assert (again.returncode, again.stdout) == (0, "one: was there already (recording 1)\n")


def test_one_bad_file_does_not_keep_the_good_ones_out(run: Run, tmp_path: Path) -> None:
    bad = tmp_path / "bad.npz"
    bad.write_bytes(b"no zip")
    result = run("import", str(bad), str(npz(tmp_path / "good.npz")))
    assert result.returncode == 1
    assert result.stdout == "good: 12 components (recording 1)\n"
    assert result.stderr.startswith("somata: bad.npz: ")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("radius", ["0", "-1", "nan", "inf"])
def test_a_radius_that_cannot_be_is_refused(run: Run, tmp_path: Path, radius: str) -> None:
    file = npz(tmp_path / "one.npz")
    refused(run("import", str(file), f"--neuron-radius-px={radius}"), 1, "radius")


def test_a_path_that_is_not_there_is_a_sentence(run: Run) -> None:
    refused(run("import", "/no/such/file.npz"), 1, "file.npz: there is no such file")


@pytest.mark.parametrize(
    ("path", "components"),
    [
        ("suite2p/inscopix", 54),
        ("caiman/sample_cellset_msr_1.hdf5", 5),
        ("arrays/caiman_sue2x.npz", 70),
        ("nwb/test_nwb.nwb", None),
    ],
)
def test_real_recordings_come_in(run: Run, path: str, components: int | None) -> None:
    place = SHARED / path
    assert place.exists(), f"{place} is missing: see ../shared/data/README.md"
    result = run("import", str(place))
    assert result.returncode == 0, result.stderr
    assert "(recording 1)" in result.stdout
    assert components is None or f": {components} components" in result.stdout


def test_export_writes_what_was_imported(run: Run, tmp_path: Path) -> None:
    run("import", str(npz(tmp_path / "one.npz", labels=np.array([1, 2, 3, 4] * 3))))
    out = tmp_path / "out"
    result = run("export", str(out))
    assert result.returncode == 0, result.stderr
    written = [Path(line) for line in result.stdout.splitlines()]
    assert sorted(one.name for one in written) == sorted(one.name for one in out.iterdir())
    with (out / "labels.csv").open(newline="") as file:
        assert [row["label"] for row in csv.DictReader(file)] == ["1", "2", "3", "4"] * 3
    (archive,) = out.glob("*.npz")
    again = run("import", str(archive))
    assert "was there already (recording 1)" in again.stdout, "a round trip loses nothing"


def test_export_into_a_file_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    refused(run("export", str(tmp_path / "out")), 1, "Name a folder")


def test_backup_and_restore_bring_everything_back(run: Run, tmp_path: Path) -> None:
    run("import", str(npz(tmp_path / "one.npz")))
    kept = tmp_path / "kept.db"
    assert run("backup", str(kept)).returncode == 0
    refused(run("backup", str(kept)), 1, "exists already")
    run("import", str(npz(tmp_path / "two.npz", seed=9)))

    refused(run("restore", str(kept)), 1, "--replace")
    restored = run("restore", str(kept), "--replace")
    assert restored.returncode == 0, restored.stderr
    assert "before-restore-1" in restored.stdout
    assert "was there already" in run("import", str(tmp_path / "one.npz")).stdout
    assert "(recording 2)" in run("import", str(tmp_path / "two.npz")).stdout


def test_a_restore_from_something_else_changes_nothing(run: Run, tmp_path: Path) -> None:
    run("import", str(npz(tmp_path / "one.npz")))
    (tmp_path / "text.db").write_text("no database")
    refused(run("restore", str(tmp_path / "text.db"), "--replace"), 1, "text.db")
    refused(run("restore", str(tmp_path / "none.db"), "--replace"), 1, "no such file")
    assert "was there already" in run("import", str(tmp_path / "one.npz")).stdout


def test_train_queues_a_run_and_says_that_no_worker_runs(run: Run) -> None:
    result = run("train")
    assert (result.returncode, result.stdout) == (0, "Training run 1 is queued.\n")
    assert "./somata serve" in result.stderr
    refused(run("train"), 1, "run 1 is queued already")


def test_train_from_an_earlier_run_or_one_over_names_a_run_that_there_is(run: Run) -> None:
    for option in ("--start-from", "--repeat"):
        refused(run("train", option, "7"), 1, "training run 7")
    refused(run("train", "--start-from", "1", "--repeat", "1"), 2, "not allowed with")


def test_tune_queues_a_tuning_and_stop_ends_it(run: Run) -> None:
    refused(run("tune", "--stop"), 1, "No tuning waits or runs")
    result = run("tune", "--minutes", "5")
    assert (result.returncode, result.stdout) == (0, "Tuning 1 is queued.\n")
    assert "./somata serve" in result.stderr
    refused(run("tune"), 1, "Tuning 1 is queued already")
    stopped = run("tune", "--stop")
    assert (stopped.returncode, stopped.stdout) == (
        0,
        "Tuning 1 stops. What it has found is kept.\n",
    )
    assert run("tune").returncode == 0


def test_no_worker_is_a_failed_check(run: Run) -> None:
    run("token", "create", "x")
    refused(run("worker", "--check"), 1, "./somata worker")


@pytest.mark.slow
def test_train_and_wait_brings_its_own_worker_and_ends_with_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    npz(tmp_path / "none.npz")
    somata(data, "import", str(tmp_path / "none.npz"))
    result = somata(data, "train", "--wait", worker_threads=1)
    assert result.returncode == 1
    assert "Training run 1 failed" in result.stderr
    assert "0 labeled components" in result.stderr
    assert "Traceback" not in result.stderr.partition("somata: Training run")[2]


@pytest.mark.slow
def test_tune_and_wait_brings_its_own_worker_and_says_why_it_failed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    npz(tmp_path / "none.npz")
    somata(data, "import", str(tmp_path / "none.npz"))
    result = somata(data, "tune", "--wait", worker_threads=1)
    assert result.returncode == 1
    assert "Tuning 1 failed" in result.stderr
    assert "0 labeled components" in result.stderr
    assert "Traceback" not in result.stderr.partition("somata: Tuning")[2]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("cli"))
    made.start()
    yield made
    made.close()


@pytest.mark.slow
def test_the_links_of_serve_and_of_user_add_let_people_in(server: Server) -> None:
    assert server.invite is not None
    added = somata(server.data_dir, "user", "add", "Bob", "--role", "labeler").stdout.strip()
    assert added.startswith(f"{server.base_url}/invite/"), "the address that is served just now"
    for link, name in ((server.invite, "Alice"), (added, "Bob")):
        given = {"name": name, "password": "correct horse battery"}
        with httpx.Client(headers={"Origin": server.base_url}, trust_env=False) as browser:
            assert browser.get(link).status_code == 200
            assert browser.post(link, data=given).status_code == 303
            assert browser.get(f"{server.base_url}/account").status_code == 200
            assert browser.get(link).status_code == 404


@pytest.mark.slow
def test_commands_work_beside_a_running_server_and_restore_waits_for_its_end(
    server: Server, tmp_path: Path
) -> None:
    token = somata(server.data_dir, "token", "create", "notebook").stdout.strip()
    headers = {"Authorization": f"Bearer {token}"}
    assert somata(server.data_dir, "import", str(npz(tmp_path / "one.npz"))).returncode == 0
    with httpx.Client(base_url=server.base_url, headers=headers, trust_env=False) as client:
        assert len(client.get("/api/v1/recordings").json()["items"]) == 1
    kept = tmp_path / "kept.db"
    assert somata(server.data_dir, "backup", str(kept)).returncode == 0
    refused(somata(server.data_dir, "restore", str(kept), "--replace"), 1, "already (process")
