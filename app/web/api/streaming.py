"""Long lists in the shape a program asked for, with memory that does not grow."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from fastapi.responses import StreamingResponse

MEDIA_TYPES = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}
ROWS_A_CHUNK = 500
ROWS_A_GROUP = 20_000

LABEL_COLUMNS = (
    "component",
    "recording",
    "recording_name",
    "source_index",
    "label",
    "class",
    "people",
    "disagreement",
)
EVENT_COLUMNS = (
    "event",
    "id",
    "component",
    "labeler",
    "person",
    "kind",
    "label",
    "undoes",
    "round",
    "seconds",
    "montage",
    "settled_with",
    "late",
    "created_at",
)
PREDICTION_SCHEMA = pa.schema(
    [
        ("component", pa.int64()),
        ("recording", pa.int64()),
        ("run", pa.int64()),
        ("p1", pa.float64()),
        ("p2", pa.float64()),
        ("p3", pa.float64()),
        ("p4", pa.float64()),
        ("predicted", pa.int8()),
        ("entropy", pa.float64()),
        ("mutual_information", pa.float64()),
        ("quality", pa.float64()),
        ("out_of_fold", pa.bool_()),
    ]
)


# Made once: `json.dumps` would make one for each row.
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def described(*formats: str) -> dict[int | str, dict[str, Any]]:
    """The other content types of a 200, for OpenAPI."""
    text = {"schema": {"type": "string"}}
    binary = {"schema": {"type": "string", "format": "binary"}}
    content = {MEDIA_TYPES[name]: binary if name == "parquet" else text for name in formats}
    return {200: {"content": content}}


def stream(
    rows: Iterable[dict[str, Any]], format: str, columns: Sequence[str], name: str
) -> StreamingResponse:
    """Rows as JSON (`items`, `next` is null), a line of JSON each, or CSV with a head line."""
    writers = {"json": as_json, "ndjson": as_lines}
    chunks = as_csv(rows, columns) if format == "csv" else writers[format](rows)
    headers = {} if format == "json" else _attachment(name, format)
    return StreamingResponse(chunks, media_type=MEDIA_TYPES[format], headers=headers)


def stream_parquet(rows: Iterable[dict[str, Any]], name: str) -> StreamingResponse:
    """Predictions as a Parquet file, a row group at a time."""
    return StreamingResponse(
        as_parquet(rows),
        media_type=MEDIA_TYPES["parquet"],
        headers=_attachment(name, "parquet"),
    )


def in_chunks(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """The rows in lists of `size`, the last one shorter."""
    remaining = iter(rows)
    while chunk := list(islice(remaining, size)):
        yield chunk


def as_json(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """One object: the items, and no next page."""
    separator = '{"items":['
    for chunk in in_chunks(rows, ROWS_A_CHUNK):
        yield separator + ",".join(_dump(row) for row in chunk)
        separator = ","
    yield ("" if separator == "," else separator) + '],"next":null}'


def as_lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A line of JSON a row."""
    for chunk in in_chunks(rows, ROWS_A_CHUNK):
        yield "".join(_dump(row) + "\n" for row in chunk)


def as_csv(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> Iterator[str]:
    """A head line, then a line a row; nothing where a value is missing."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    for chunk in in_chunks(rows, ROWS_A_CHUNK):
        writer.writerows([_cell(row[column]) for column in columns] for row in chunk)
        yield _taken(buffer)
    yield _taken(buffer)


def as_parquet(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """The bytes of a Parquet file with PREDICTION_SCHEMA."""
    sink = _Drain()
    with pq.ParquetWriter(sink, PREDICTION_SCHEMA) as writer:
        for group in in_chunks(rows, ROWS_A_GROUP):
            writer.write_table(pa.Table.from_pylist(group, schema=PREDICTION_SCHEMA))
            yield sink.taken()
    yield sink.taken()


class _Drain(io.RawIOBase):
    """A file that is only written: what has been written is taken out as it comes."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._position += len(part)
        return len(part)

    def tell(self) -> int:
        return self._position

    def taken(self) -> bytes:
        """What was written since the last time."""
        joined = b"".join(self._parts)
        self._parts.clear()
        return joined


def _dump(row: dict[str, Any]) -> str:
    return _ENCODER.encode(row)


def _cell(value: Any) -> Any:
    # A spreadsheet would run a cell that begins like a formula.
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _attachment(name: str, format: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="somata-{name}.{format}"'}
