"""`somata import` and `somata export`: recordings in, labels and models out."""

import sys
from collections.abc import Sequence
from pathlib import Path

from app.actions import exporting_files, exporting_models, importing
from app.actions.context import Context
from app.actions.importing import Imported, ImportOptions
from app.domain.errors import InvalidInput, SomataError
from app.formats.reading import find_recordings


def bring_in(context: Context, paths: Sequence[Path], wanted: ImportOptions) -> int:
    """Import files and folders; returns the exit code. One bad one does not keep the good out."""
    failed = 0
    for path in paths:
        try:
            places = find_recordings(path)
        except SomataError as error:
            failed += 1
            complain(error)
            continue
        for place in places:
            try:
                stored = importing.import_file(context, None, place, wanted)
            except SomataError as error:
                failed += 1
                complain(error)
                continue
            for one in stored:
                print(sentence(one))
    return 1 if failed else 0


def complain(error: SomataError) -> None:
    """Say what is wrong with a file, and go on."""
    print(f"somata: {error}", file=sys.stderr)


def sentence(one: Imported) -> str:
    """What came of one recording, for a person."""
    if not one.new:
        return f"{one.name}: was there already (recording {one.recording_id})"
    left_out = f", {one.rejected} left out (see its page)" if one.rejected else ""
    return f"{one.name}: {one.components:,} components{left_out} (recording {one.recording_id})"


def write_out(context: Context, folder: Path, format: str, run_id: int | None) -> int:
    """Export to a folder; returns the exit code. Raises InvalidInput where a run is named for a
    format that has none.
    """
    if format in exporting_models.FORMATS:
        # Imported here because it loads torch.
        from app.worker.export import export_model

        print(export_model(context, folder, format, run_id))
        return 0
    if run_id is not None:
        named = " or ".join(exporting_models.FORMATS)
        raise InvalidInput(f"--run goes with --format {named} only.")
    for path in exporting_files.export_all(context, folder, format):
        print(path)
    return 0
