"""Asking for the demo: recordings of the project's own simulator."""

from app.actions import jobs
from app.actions.context import Context, require_admin
from app.actions.jobs import JobView
from app.domain.accounts import Account
from app.domain.errors import Conflict


def request_demo(context: Context, by: Account) -> JobView:
    """Queue the loading of the demo. Raises Conflict while it is being loaded already."""
    require_admin(by)
    loading = jobs.live(context, "demo")
    if loading:
        raise Conflict(f"The demo is being loaded already (job {loading[0].id}).")
    return jobs.view(context, jobs.enqueue(context, "demo", by=by, request={}))
