"""Which components come next: the strategies of the queue, as data.

A strategy names a population, an order within it and a sentence of why. `storage/leases`
turns that into one indexed statement; nothing here touches a database.
"""

from dataclasses import dataclass
from typing import Literal

from app.domain.errors import InvalidInput

Population = Literal["unanswered", "answered_once", "labeled"]
OrderColumn = Literal[
    "component_id",
    "queue_entropy",
    "margin",
    "mutual_information",
    "dcal",
    "dal",
    "diverse",
    "quality",
    "cue_process",
    "shuffle",
]
REFITTED = ("queue_entropy", "margin", "mutual_information", "dcal", "dal")
"""Order columns that follow the refits of the run in use."""
OF_A_RUN = (*REFITTED, "diverse")
"""Order columns that are empty until a run has judged the component; `diverse` also where a run
has not drawn it."""


@dataclass(frozen=True)
class Strategy:
    """One way to choose the next component.

    population: `unanswered` is what no person has labeled (an imported label does not count);
        `answered_once` is what one other person has;
        `labeled` is what has a label that the newest model finds fault with.
    order_by: the column of `component_state`, best first in the direction of `descending`.
    words: why, for somebody who is to answer without knowing what the model thinks.
    use: when to choose it, a sentence.
    """

    name: str
    population: Population
    order_by: OrderColumn
    descending: bool
    words: str
    use: str


STRATEGIES = {
    strategy.name: strategy
    for strategy in (
        Strategy(
            "unlabeled",
            "unanswered",
            "component_id",
            descending=False,
            words="not labeled yet",
            use="To go through recordings as they came.",
        ),
        Strategy(
            "process",
            "unanswered",
            "cue_process",
            descending=True,
            words="looks like a process",
            use="To begin with: processes stand out before anything is trained.",
        ),
        Strategy(
            "margin",
            "unanswered",
            "margin",
            descending=False,
            words="the model wavers between two classes",
            use="Once a model is trained: fewer labels needed than at random, in our benchmark.",
        ),
        Strategy(
            "dcal",
            "unanswered",
            "dcal",
            descending=True,
            words="unsure, or unlike what is labeled",
            use="ActSort's choice. Once a model is trained: as few labels as any in our benchmark.",
        ),
        Strategy(
            "dal",
            "unanswered",
            "dal",
            descending=True,
            words="unlike what is labeled",
            use="After importing recordings that look unlike those labeled so far.",
        ),
        Strategy(
            "diverse",
            "unanswered",
            "diverse",
            descending=True,
            words="unsure, and unlike the others asked",
            use="When many are labeled between two trainings: undecided, and no two alike.",
        ),
        Strategy(
            "entropy",
            "unanswered",
            "queue_entropy",
            descending=True,
            words="the model is least sure of these",
            use="To see what the model finds most confusing, over all classes.",
        ),
        Strategy(
            "mutual_information",
            "unanswered",
            "mutual_information",
            descending=True,
            words="the models disagree on these",
            use="To find what is new to the model rather than ambiguous to everybody.",
        ),
        Strategy(
            "quality",
            "labeled",
            "quality",
            descending=True,
            words="the model doubts these labels",
            use="To mend labels that are there already.",
        ),
        Strategy(
            "random",
            "unanswered",
            "shuffle",
            descending=False,
            words="drawn at random",
            use="For labels that stand for all components, as in a first set or a test set.",
        ),
        Strategy(
            "overlap",
            "answered_once",
            "shuffle",
            descending=False,
            words="for a second opinion",
            use="To measure how far two people agree: a random share of what another labeled.",
        ),
    )
}


FEWEST_AHEAD = 6
"""What a labeler's page has ahead even where little is left, so that nobody waits for the next."""


@dataclass(frozen=True)
class Held:
    """What is promised already of the components that a page could be given.

    own: to this page. others: to so many other `people`, for whatever purpose.
    """

    own: int
    others: int
    people: int


def fair_count(wanted: int, free: int, held: Held) -> int:
    """How many of the free components a page may have in addition, of `wanted`.

    A page holds no more than its share of what is left, among those who are at it and one who may
    come: else the first of two would have all of a small recording. But it may have a few however
    little is left, and is never told that there is nothing while there is.
    """
    share = (free + held.own + held.others) // (held.people + 2)
    return min(wanted, free, max(share - held.own, FEWEST_AHEAD - held.own, 1))


def free_that_suffice(wanted: int, held: Held) -> int:
    """With so many free components, `wanted` more are a fair share: no need to look further."""
    return max((held.own + wanted) * (held.people + 2) - held.own - held.others, wanted)


def strategy_named(name: str) -> Strategy:
    """The strategy of that name.

    Raises InvalidInput for what the contract does not know.
    """
    if name not in STRATEGIES:
        raise InvalidInput(f"There is no strategy {name!r}. Use one of {', '.join(STRATEGIES)}.")
    return STRATEGIES[name]


def reason_for(strategy: Strategy, value: float | None, *, blind: bool) -> str:
    """The sentence that tells why this component was served.

    value: the component's number in the strategy's order column; None where it has none.
    blind: leave the number out, which would tell a labeler what the model thinks.
    """
    if strategy.order_by in OF_A_RUN and value is None:
        return "no prediction yet" if strategy.name == "entropy" else "not judged by this yet"
    if blind or value is None:
        return strategy.words
    return _IN_NUMBERS.get(strategy.order_by, strategy.words).format(value)


_IN_NUMBERS: dict[OrderColumn, str] = {
    "queue_entropy": "entropy {:.3f} nats",
    "margin": "margin {:.3f} between the likeliest two",
    "mutual_information": "mutual information {:.3f} nats",
    "dcal": "DCAL score {:.3f}",
    "dal": "{:.0%} unlike what is labeled",
    "diverse": "unsure, and unlike the others asked ({:.2f})",
    "quality": "label quality {:+.3f} nats over its entropy",
    "cue_process": "process-likeness {:.2f}",
}
