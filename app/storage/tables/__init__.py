"""The tables. Everything that must last is here, so a backup is one file.

Whoever imports one has them all: keys between them, and Alembic, need the whole metadata.
"""

from app.storage.tables.base import Base
from app.storage.tables.definitions import ClassDefinition, ExampleChoice
from app.storage.tables.embeddings import Embedding, EmbeddingSpace
from app.storage.tables.events import DiscussionTurn, DiscussionWithdrawal, LabelEventRow, Note
from app.storage.tables.jobs import Job, WorkerBeat
from app.storage.tables.people import ApiToken, Labeler
from app.storage.tables.queue import (
    Lease,
    MontageSetting,
    Round,
    RoundItem,
    Selection,
    SelectionItem,
)
from app.storage.tables.recordings import (
    Component,
    ComponentArrays,
    ComponentMeasures,
    RecordingRow,
    SummaryImage,
)
from app.storage.tables.states import ComponentState
from app.storage.tables.training import Prediction, Promotion, TrainingRun
from app.storage.tables.tuning import TuningStudy, TuningTrial

__all__ = [
    "ApiToken",
    "Base",
    "ClassDefinition",
    "Component",
    "ComponentArrays",
    "ComponentMeasures",
    "ComponentState",
    "DiscussionTurn",
    "DiscussionWithdrawal",
    "Embedding",
    "EmbeddingSpace",
    "ExampleChoice",
    "Job",
    "LabelEventRow",
    "Labeler",
    "Lease",
    "MontageSetting",
    "Note",
    "Prediction",
    "Promotion",
    "RecordingRow",
    "Round",
    "RoundItem",
    "Selection",
    "SelectionItem",
    "SummaryImage",
    "TrainingRun",
    "TuningStudy",
    "TuningTrial",
    "WorkerBeat",
]
