"""Asking for the demo: recordings of the project's own simulator."""

from app.actions import jobs
from app.actions.context import Context, require_admin
from app.actions.jobs import JobView
from app.domain.accounts import Account


def request_demo(context: Context, by: Account) -> JobView:
    """Queue the loading of the demo. Raises Conflict while it is being loaded already."""
    require_admin(by)
    return jobs.view(context, jobs.enqueue(context, "demo", by=by, request={}, alone=True))
