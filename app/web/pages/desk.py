"""The desk: where components are labeled, and relabeled in rounds."""

from fastapi import APIRouter, Request, Response

from app.actions import browsing, rounds
from app.domain.serving import STRATEGIES
from app.web.access import Caller, World
from app.web.pages.parts import Key, OptionalKey, recording_choices, to
from app.web.templating import page

router = APIRouter()

TITLES = {
    "unlabeled": "as imported",
    "process": "most process-like first",
    "margin": "closest between two classes first",
    "dcal": "unsure or unlike the labeled first (DCAL)",
    "dal": "unlike the labeled first (DAL)",
    "diverse": "unsure and unlike each other first",
    "entropy": "most confusing first",
    "mutual_information": "models disagree first",
    "quality": "suspect labels first",
    "random": "at random",
    "overlap": "second opinions, at random",
}
# Offered in one key; anything else can be written.
SKIP_REASONS = (
    "cut off by the edge of the field",
    "two components in one",
    "an artefact of motion or of the extraction",
    "I cannot tell; somebody else should look",
)


@router.get("/label")
def label_page(
    request: Request, context: World, account: Caller, recording: OptionalKey = None
) -> Response:
    """Label what nobody has answered yet."""
    counts = browsing.total_counts(context)
    return page(
        request,
        "label.html",
        here="label",
        round=None,
        strategies=[(name, title, STRATEGIES[name].use) for name, title in TITLES.items()],
        recordings=recording_choices(context),
        unanswered=counts.total - counts.answered,
        skip_reasons=SKIP_REASONS,
        chosen_recording=recording,
    )


@router.get("/rounds/{round_id}/label")
def relabel_page(request: Request, context: World, account: Caller, round_id: Key) -> Response:
    """Relabel a round's components, blind."""
    found = rounds.get_round(context, round_id)
    if found.state != "open":
        return to(f"/rounds/{round_id}")
    return page(request, "label.html", here="rounds", round=found, skip_reasons=SKIP_REASONS)
