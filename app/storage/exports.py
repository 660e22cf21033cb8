"""Models as files for other programs: they lie on the rows of the jobs that wrote them."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from app.storage.jobs import LIVE
from app.storage.rows import AnyRow
from app.storage.tables import Job

KIND = "export"
_format = Job.request["format"].as_string()


def _of_run(run_id: int) -> tuple[ColumnElement[bool], ...]:
    return Job.kind == KIND, Job.request["run"].as_integer() == run_id


def newest(session: Session, run_id: int) -> Sequence[AnyRow]:
    """The run's last export of each format: format, what is shown of a job, size in bytes.

    The files themselves are large and are left where they are.
    """
    last = select(func.max(Job.id)).where(*_of_run(run_id)).group_by(_format)
    statement = select(
        _format.label("format"),
        Job.id,
        Job.kind,
        Job.state,
        Job.progress,
        Job.error,
        func.length(Job.result_bytes).label("size"),
    )
    return session.execute(statement.where(Job.id.in_(last)).order_by(Job.id)).all()


def under_way(session: Session, run_id: int, format: str) -> int | None:
    """The job that writes this file, or waits to."""
    statement = select(Job.id).where(*_of_run(run_id), _format == format, Job.state.in_(LIVE))
    return session.execute(statement).scalar()


def contents(session: Session, run_id: int, format: str) -> bytes | None:
    """The file that was written last, or None."""
    written = Job.state == "succeeded", Job.result_bytes.is_not(None)
    statement = select(Job.result_bytes).where(*_of_run(run_id), _format == format, *written)
    return session.execute(statement.order_by(Job.id.desc()).limit(1)).scalar()


def forget_replaced(session: Session, run_id: int, format: str) -> None:
    """Remove what was before the file that was written last."""
    mine = *_of_run(run_id), _format == format
    last = select(func.max(Job.id)).where(*mine, Job.state == "succeeded").scalar_subquery()
    session.execute(delete(Job).where(*mine, Job.state.not_in(LIVE), Job.id < last))
