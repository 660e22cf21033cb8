"""From what actions answer with to the JSON of the contract."""

import re
from collections.abc import Sequence

from app.actions.browsing import RecordingView
from app.actions.bundles import PARTS, version_of
from app.actions.comparing import Comparison, Disagreement
from app.actions.labeling import Receipt
from app.actions.montage import MontagePage
from app.actions.promoting import Serving
from app.actions.queueing import Work
from app.actions.retracing import Step
from app.actions.rounds import RoundView
from app.actions.training import RunView
from app.actions.tuning import StudyView
from app.actions.views import ComponentView, NoteView, PredictionView
from app.domain.errors import InvalidInput
from app.storage.components import Position
from app.web.api.caching import VERSION_LENGTH
from app.web.api.schemas.components import (
    ComponentOut,
    ComponentUrls,
    LabelCounts,
    NoteOut,
    PredictionOut,
    RecordingOut,
)
from app.web.api.schemas.labeling import (
    LabelAnswer,
    MontageAnswer,
    MontageItem,
    QueueItem,
    Reveal,
    StepOut,
)
from app.web.api.schemas.rounds import RoundOut
from app.web.api.schemas.training import (
    ComparisonOut,
    DifferenceOut,
    DisagreementOut,
    ServingOut,
    TrainingRunOut,
)
from app.web.api.schemas.tuning import TuningDetail, TuningOut
from app.web.api.schemas.values import CURSOR

API = "/api/v1"


def urls(component_id: int, content_hash: str) -> ComponentUrls:
    """Addresses of a component's pictures; the hash in them lets a browser keep them for ever."""
    base, version = f"{API}/components/{component_id}", f"v={content_hash[:VERSION_LENGTH]}"
    return ComponentUrls(
        mask_png=f"{base}/mask.png?{version}",
        mask_npy=f"{base}/mask.npy?{version}",
        context_png=f"{base}/context.png?{version}",
        trace=f"{base}/trace?points=1000&{version}",
    )


def views_url(items: Sequence[Work], parts: Sequence[str] = PARTS) -> str | None:
    """Where all that a page draws of these components is, or None where there are none."""
    return views_of([(one.component, one.content_hash) for one in items], parts)


def views_of(shown: Sequence[tuple[int, str]], parts: Sequence[str]) -> str | None:
    """As `views_url`, of components by key and content hash."""
    if not shown:
        return None
    keys = ",".join(str(component) for component, _ in shown)
    version = version_of([content for _, content in shown])[:VERSION_LENGTH]
    return f"{API}/components/views?ids={keys}&parts={','.join(parts)}&v={version}"


def recording(view: RecordingView) -> RecordingOut:
    """A recording."""
    counts = view.counts
    return RecordingOut(
        id=view.id,
        name=view.name,
        format=view.format,
        source=view.source,
        content_hash=view.content_hash,
        components=view.components,
        frames=view.frames,
        frame_rate_hz=view.frame_rate_hz,
        field_shape_px=view.field_shape_px,
        neuron_radius_px=view.neuron_radius_px,
        mask_scale=view.mask_scale,
        summary_images=view.summary_images,
        labels=LabelCounts(
            neuron=counts.neuron,
            process=counts.process,
            noise=counts.noise,
            doubtful=counts.doubtful,
            unlabeled=counts.unlabeled,
        ),
        answered=counts.answered,
        rejected=view.rejected,
        notes=view.notes,
        imported_at=view.imported_at,
    )


def prediction(view: PredictionView) -> PredictionOut:
    """A prediction."""
    return PredictionOut(**view.__dict__)


def component(view: ComponentView) -> ComponentOut:
    """A component, as its viewer may see it."""
    return ComponentOut(
        id=view.id,
        recording=view.recording,
        source_index=view.source_index,
        centroid_px=view.centroid_px,
        label=view.label,
        people=view.people,
        disagreement=view.disagreement,
        prediction=None if view.prediction is None else prediction(view.prediction),
        hidden=view.hidden,
        cues=view.cues,
        notes=[note(one) for one in view.notes],
        urls=urls(view.id, view.content_hash),
    )


def note(view: NoteView) -> NoteOut:
    """A note."""
    return NoteOut(**view.__dict__)


def step(view: Step) -> StepOut:
    """An answer or skip of one's own."""
    return StepOut(
        id=view.id,
        component=view.component,
        recording=view.recording,
        kind=view.kind,
        round=view.round,
        created_at=view.created_at,
        urls=urls(view.component, view.content_hash),
    )


def work(items: Sequence[Work]) -> list[QueueItem]:
    """Leased components."""
    return [
        QueueItem(
            component=one.component,
            recording=one.recording,
            reason=one.reason,
            lease=one.lease,
            expires_at=one.expires_at,
            urls=urls(one.component, one.content_hash),
        )
        for one in items
    ]


def montage(view: MontagePage) -> MontageAnswer:
    """A page of the montage."""
    items = [
        MontageItem(**one.__dict__, confidence=sure)
        for one, sure in zip(work(view.work), view.confidences, strict=True)
    ]
    return MontageAnswer(
        items=items,
        above=view.above,
        threshold=view.threshold,
        run=view.run,
        views=views_url(view.work, ("mask",)),
    )


def receipt(view: Receipt) -> LabelAnswer:
    """What became of an answer."""
    reveal = None
    if view.reveal is not None:
        shown = view.reveal.prediction
        reveal = Reveal(
            label_before=view.reveal.label_before,
            given_by=list(view.reveal.given_by),
            prediction=None if shown is None else prediction(shown),
        )
    return LabelAnswer(
        id=view.id,
        component=view.component,
        status=view.status,
        late=view.late,
        detail=view.detail,
        reveal=reveal,
    )


def run(view: RunView) -> TrainingRunOut:
    """A training run."""
    return TrainingRunOut.model_validate(view, from_attributes=True)


def serving(view: Serving) -> ServingOut:
    """Which run serves."""
    return ServingOut(
        run=view.run,
        promoted=view.promoted,
        promoted_by=view.promoted_by,
        promoted_at=view.promoted_at,
        newest=view.newest,
        job=None if view.sorting is None else view.sorting.id,
        refitted_at=None if view.refit is None else view.refit.refitted_at,
        refitted_labels=0 if view.refit is None else view.refit.labels,
    )


def comparison(
    both: Comparison,
    agreement: list[list[int]],
    found: Sequence[Disagreement],
    following: Position | None,
) -> ComparisonOut:
    """Where two runs disagree."""
    return ComparisonOut(
        a=both.a.id,
        b=both.b.id,
        settings=[DifferenceOut(**vars(one)) for one in both.settings],
        agreement=agreement,
        items=[
            DisagreementOut(
                component=one.component,
                recording=one.recording,
                label=one.label,
                a=one.a,
                b=one.b,
                a_predicted=one.a_says,
                b_predicted=one.b_says,
                distance=one.distance,
                urls=urls(one.component, one.content_hash),
            )
            for one in found
        ],
        next=None if following is None else encode_cursor(following),
    )


def tuning(view: StudyView) -> TuningOut:
    """A tuning without its trials."""
    return TuningOut.model_validate(view, from_attributes=True)


def tuning_detail(view: StudyView) -> TuningDetail:
    """A tuning with its trials."""
    return TuningDetail.model_validate(view, from_attributes=True)


def round_(view: RoundView) -> RoundOut:
    """A relabeling round."""
    return RoundOut.model_validate(view, from_attributes=True)


def encode_cursor(position: Position) -> str:
    """Where the next page starts, as one word that a URL can carry: VALUE~KEY."""
    value = "" if position.value is None else repr(float(position.value))
    return f"{value}~{position.component_id}"


def decode_cursor(cursor: str | None) -> Position | None:
    """The position that `encode_cursor` made this from. Raises InvalidInput."""
    if cursor is None:
        return None
    if re.fullmatch(CURSOR, cursor) is None:
        raise InvalidInput("cursor: not one that this list gave. Start without it.")
    value, _, key = cursor.partition("~")
    return Position(float(value) if value else None, int(key))


def id_cursor(cursor: str | None) -> int | None:
    """The key that a list ordered by key goes on from. Raises InvalidInput."""
    position = decode_cursor(cursor)
    return None if position is None else position.component_id


def next_id(keys: Sequence[int], limit: int) -> str | None:
    """The cursor after a page of keys; None where the page was the last."""
    return encode_cursor(Position(None, keys[-1])) if keys and len(keys) == limit else None
