"""Everything that can go wrong on purpose. Errors carry facts; `web` and `cli` word the answer.

Each class states its HTTP status and a short title here, so that one table (`web/problems.py`)
and one handler (`cli.py`) serve them all.
"""

from datetime import datetime


class SomataError(Exception):
    """A failure whose text tells a person what was wrong, where, and what to do."""

    status = 400
    title = "Request refused"


class InvalidInput(SomataError):
    """A value the caller sent cannot be used."""

    status = 422
    title = "Invalid input"


class UnreadableFile(SomataError):
    """A file is not what it claims to be, is damaged, or is hostile."""

    status = 422
    title = "File cannot be read"

    def __init__(self, file_name: str, reason: str) -> None:
        super().__init__(f"{file_name}: {reason}")
        self.file_name = file_name
        self.reason = reason


class FileTooLarge(SomataError):
    """An upload or what it unpacks to passes the configured limit."""

    status = 413
    title = "File too large"

    def __init__(self, what: str, limit_mb: int) -> None:
        super().__init__(
            f"{what} is larger than {limit_mb} MB. Raise SOMATA_MAX_UPLOAD_MB, or run "
            "./somata import on the machine that has the file."
        )
        self.limit_mb = limit_mb


class UnsupportedContent(SomataError):
    """The body is of a content type that is not taken here."""

    status = 415
    title = "Content type not taken"


class NotFound(SomataError):
    """There is no such thing."""

    status = 404
    title = "Not found"

    def __init__(self, what: str, key: object) -> None:
        super().__init__(f"There is no {what} {key}.")
        self.what = what
        self.key = key


class NotExported(SomataError):
    """A run's model has not been written as this kind of file, or not lately."""

    status = 404
    title = "Not found"

    def __init__(self, run_id: int, format: str) -> None:
        super().__init__(
            f"There is no {format} file of training run {run_id}. Ask for one by POST "
            f'/training-runs/{run_id}/export with {{"format": "{format}"}}, and wait for its job. '
            "It is kept for a day."
        )
        self.run_id = run_id
        self.format = format


class NotSignedIn(SomataError):
    """The request carries no valid session or token."""

    status = 401
    title = "Sign in first"


class SomebodyElse(NotSignedIn):
    """The page was opened by one person, and another has signed in to the browser since."""

    title = "Somebody else is signed in"


class NotAllowed(SomataError):
    """The person is known, but the role does not reach this."""

    status = 403
    title = "Not allowed"


class WrongOrigin(NotAllowed):
    """A state-changing browser request came from another site."""

    title = "Request from another site"


class Conflict(SomataError):
    """The request contradicts what is stored."""

    status = 409
    title = "Conflict"


class LeaseExpired(Conflict):
    """A lease ended before the answer came."""

    title = "Lease expired"

    def __init__(self, component_id: int, expired_at: datetime) -> None:
        super().__init__(
            f"The lease on component {component_id} expired at {expired_at:%H:%M:%S} UTC. "
            "Ask the queue for it again."
        )
        self.component_id = component_id
        self.expired_at = expired_at


class NothingToTrainOn(Conflict):
    """There are too few labels for a training run."""

    title = "Too few labels"


class NoModel(Conflict):
    """Something needs a trained model and there is none yet."""

    title = "No trained model"


class WorkerUnavailable(SomataError):
    """No worker answered in time."""

    status = 503
    title = "No worker answered"


class Cancelled(SomataError):
    """A person asked for long work to stop, and it did."""

    status = 409
    title = "Cancelled"


class AlreadyRunning(SomataError):
    """A second server was started on the same data folder."""

    status = 409
    title = "Already running"
