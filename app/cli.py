"""The command line: one verb a subcommand (DESIGN section 7)."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import psycopg
import structlog
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from app import cli_data, cli_training, cli_tuning
from app.actions import accounts, backup, exporting_files, exporting_models, jobs, tokens
from app.actions.context import Context, make_context
from app.actions.importing import ImportOptions
from app.actions.tuning import DEFAULT_MINUTES
from app.domain.accounts import Role
from app.domain.errors import InvalidInput, NotFound, SomataError
from app.formats.reading import FORMATS
from app.locking import DataFolderLock, address_served
from app.serve import serve
from app.settings import Settings
from app.storage import migrate
from app.version import VERSION

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no public name


def main(arguments: Sequence[str]) -> int:
    """Run a command; returns its exit code: 0, 1 for a failure, 2 for bad usage."""
    options = parser().parse_args(arguments)
    try:
        settings = read_settings(options)
        configure_logging(settings)
        result: int = options.run(settings, options)
    except ValidationError as error:
        first = error.errors()[0]
        name = "SOMATA_" + "_".join(str(part) for part in first["loc"]).upper()
        return fail(f"{name}: {first['msg']}. See docs/settings.md.", 2)
    except SomataError as error:
        return fail(str(error))
    except (SQLAlchemyError, psycopg.Error) as error:
        # The job queue speaks to PostgreSQL without SQLAlchemy.
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        return fail(f"The database does not work ({reason}). Check SOMATA_DATABASE_URL.")
    except KeyboardInterrupt:
        return fail("Stopped.")
    except OSError as error:
        what = error.filename or "A file"
        return fail(f"{what}: {error.strerror or error}. Check the path and its permissions.")
    return result


def fail(sentence: str, code: int = 1) -> int:
    """Say what went wrong on standard error."""
    print(f"somata: {sentence}", file=sys.stderr)
    return code


def read_settings(options: argparse.Namespace) -> Settings:
    """The settings, with what the command line gives in place of the environment."""
    given = {name: getattr(options, name, None) for name in ("host", "port")}
    return Settings.model_validate(
        Settings().model_dump() | {name: one for name, one in given.items() if one is not None}
    )


def configure_logging(settings: Settings) -> None:
    """Logs go to standard error, so that standard output stays what a command answers."""
    level = logging.getLevelNamesMapping()[settings.log_level]
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
    for chatty in ("alembic", "uvicorn"):
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        # Else each line, shown or not, makes its logger anew.
        cache_logger_on_first_use=True,
    )


def ready_context(settings: Settings) -> Context:
    """The world of a command: the data folder is made and the database migrated."""
    context = make_context(settings)
    migrate.upgrade(context.database)
    return context


def run_serve(settings: Settings, options: argparse.Namespace) -> int:
    """Serve."""
    serve(settings, with_worker=not options.no_worker)
    return 0


def run_worker_command(settings: Settings, options: argparse.Namespace) -> int:
    """Worker."""
    if options.check:
        alive = jobs.worker_is_alive(make_context(settings))
        return 0 if alive else fail("No worker has been heard of lately. Start ./somata worker.")
    # Threads that spin while they wait would take the cores from the web server; read at import.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    # Imported here because it loads torch, which the web server's process must never do.
    from app.worker.main import run_worker

    ready_context(settings).database.dispose()
    run_worker(settings, until_stdin_closes=options.until_stdin_closes)
    return 0


def run_demo(settings: Settings, options: argparse.Namespace) -> int:
    """Demo."""
    # Imported here for the same reason.
    from app.worker.demo import load_demo

    context = ready_context(settings)
    load_demo(context, lambda progress: print(progress["stage"], file=sys.stderr))
    print("The demo is loaded. Start ./somata serve and open it.")
    return 0


def run_import(settings: Settings, options: argparse.Namespace) -> int:
    """Import."""
    wanted = ImportOptions(options.format, options.name, options.neuron_radius_px)
    return cli_data.bring_in(ready_context(settings), options.paths, wanted)


def run_export(settings: Settings, options: argparse.Namespace) -> int:
    """Export."""
    context = ready_context(settings)
    return cli_data.write_out(context, options.folder, options.format, options.run_id)


def run_train(settings: Settings, options: argparse.Namespace) -> int:
    """Train."""
    return cli_training.start(
        ready_context(settings),
        start_from=options.start_from,
        repeat=options.repeat,
        wait=options.wait,
    )


def run_tune(settings: Settings, options: argparse.Namespace) -> int:
    """Tune."""
    context = ready_context(settings)
    if options.stop:
        return cli_tuning.stop(context)
    return cli_tuning.start(context, options.minutes, wait=options.wait)


def run_user_add(settings: Settings, options: argparse.Namespace) -> int:
    """User add."""
    context = ready_context(settings)
    secret = accounts.add_person(context, options.name, Role(options.role))
    usual = f"http://{settings.host}:{settings.port}"
    address = settings.public_url or address_served(settings.data_dir) or usual
    print(f"{address.rstrip('/')}/invite/{secret}")
    return 0


def run_token_create(settings: Settings, options: argparse.Namespace) -> int:
    """Token create."""
    context = ready_context(settings)
    account, made = accounts.account_for_program(context, options.name, Role(options.role))
    if made:
        print(f"Made the {account.role} account {account.name} for this token.", file=sys.stderr)
    print(tokens.create(context, account, "command line"))
    return 0


def run_backup(settings: Settings, options: argparse.Namespace) -> int:
    """Backup."""
    size = backup.backup(ready_context(settings), options.file)
    print(f"{options.file}: {size / 1e6:.1f} MB")
    return 0


def run_restore(settings: Settings, options: argparse.Namespace) -> int:
    """Restore."""
    if not settings.is_sqlite:
        raise InvalidInput(backup.POSTGRES_ADVICE)
    data_file = make_context(settings).database.file
    if data_file is None:
        raise NotFound("database file of", settings.url)
    with DataFolderLock(settings.data_dir):
        kept = backup.restore(data_file, options.file, replace=options.replace)
    ready_context(settings)
    print(f"Restored {options.file}." + (f" The old database is {kept}." if kept else ""))
    return 0


def parser() -> argparse.ArgumentParser:
    """Every command and its options."""
    top = argparse.ArgumentParser(
        prog="somata", description="Sort calcium-imaging components: label, train, relabel."
    )
    top.add_argument("--version", action="version", version=f"somata {VERSION}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_serving(commands)
    add_data(commands)
    add_accounts(commands)
    return top


def add_serving(commands: Commands) -> None:
    """Commands `serve`, `worker`, `train` and `tune`."""
    one = commands.add_parser("serve", help="start the web server and one worker")
    one.add_argument("--host", help="address to listen on (SOMATA_HOST)")
    one.add_argument("--port", type=int, help="port to listen on (SOMATA_PORT)")
    one.add_argument("--no-worker", action="store_true", help="the worker runs elsewhere")
    one.set_defaults(run=run_serve)

    one = commands.add_parser("worker", help="start a worker alone, on this or another machine")
    one.add_argument("--until-stdin-closes", action="store_true", help=argparse.SUPPRESS)
    one.add_argument("--check", action="store_true", help="exit 0 if some worker is alive")
    one.set_defaults(run=run_worker_command)

    one = commands.add_parser("train", help="queue a training run")
    one.add_argument("--wait", action="store_true", help="show progress until it has ended")
    earlier = one.add_mutually_exclusive_group()
    earlier.add_argument(
        "--start-from", type=int, metavar="RUN", help="go on from this run's models"
    )
    earlier.add_argument(
        "--repeat", type=int, metavar="RUN", help="do this run over, to see if it comes to the same"
    )
    one.set_defaults(run=run_train)

    one = commands.add_parser("tune", help="queue a search for the settings that train best")
    one.add_argument(
        "--minutes", type=minutes, default=DEFAULT_MINUTES, metavar="M", help="budget (%(default)g)"
    )
    one.add_argument("--wait", action="store_true", help="show trials until it has ended")
    one.add_argument("--stop", action="store_true", help="stop the one that waits or runs")
    one.set_defaults(run=run_tune)


def minutes(text: str) -> float:
    """A budget in minutes. Raises ValueError, which argparse turns into bad usage."""
    value = float(text)
    if not 0.01 <= value <= 10_080:
        raise ValueError
    return value


def add_data(commands: Commands) -> None:
    """Commands `demo`, `import`, `export`, `backup` and `restore`."""
    one = commands.add_parser("demo", help="load simulated recordings to try things out")
    one.set_defaults(run=run_demo)

    one = commands.add_parser("import", help="bring recordings in")
    one.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file or folder")
    one.add_argument("--format", choices=sorted(FORMATS), help="found out where not given")
    one.add_argument("--name", help="the recording's name")
    one.add_argument("--neuron-radius-px", type=float, metavar="R", help="rescale masks by it")
    one.set_defaults(run=run_import)

    one = commands.add_parser("export", help="write labels, predictions and recordings to a folder")
    one.add_argument("folder", type=Path, metavar="DIR")
    formats = sorted([*exporting_files.FORMATS, *exporting_models.FORMATS])
    one.add_argument("--format", choices=formats, default="all")
    one.add_argument(
        "--run",
        type=int,
        dest="run_id",
        metavar="N",
        help="with --format onnx or fiji: which training run; else the one in use",
    )
    one.set_defaults(run=run_export)

    one = commands.add_parser("backup", help="copy the database to a file while it is in use")
    one.add_argument("file", type=Path)
    one.set_defaults(run=run_backup)

    one = commands.add_parser("restore", help="put a backup in the database's place")
    one.add_argument("file", type=Path)
    one.add_argument("--replace", action="store_true", help="the old database is kept beside it")
    one.set_defaults(run=run_restore)


def add_accounts(commands: Commands) -> None:
    """Commands `user add` and `token create`."""
    users = commands.add_parser("user", help="manage people").add_subparsers(
        required=True, metavar="add", dest="verb"
    )
    one = users.add_parser("add", help="invite somebody; prints the link")
    one.add_argument("name")
    one.add_argument("--role", choices=[role.value for role in Role], required=True)
    one.set_defaults(run=run_user_add)

    tokens = commands.add_parser("token", help="manage API tokens").add_subparsers(
        required=True, metavar="create", dest="verb"
    )
    one = tokens.add_parser("create", help="print a new token for a person or program")
    one.add_argument("name", help="whose; an account is made where there is none")
    one.add_argument(
        "--role", choices=[role.value for role in Role], default="admin", help="of a new account"
    )
    one.set_defaults(run=run_token_create)
