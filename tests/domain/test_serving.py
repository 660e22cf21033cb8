import pytest

from app.domain.errors import InvalidInput
from app.domain.serving import STRATEGIES, Strategy, reason_for, strategy_named


def test_the_contracts_strategies_are_there() -> None:
    assert set(STRATEGIES) == {
        *("unlabeled", "entropy", "margin", "mutual_information", "dcal", "dal", "diverse"),
        *("quality", "random", "process", "overlap"),
    }
    with pytest.raises(InvalidInput, match="unlabeled, process"):
        strategy_named("luck")


@pytest.mark.parametrize(
    ("strategy", "value", "sentence"),
    [
        ("entropy", 0.51234, "entropy 0.512 nats"),
        ("entropy", None, "no prediction yet"),
        ("margin", 0.02, "margin 0.020 between the likeliest two"),
        ("mutual_information", 0.25, "mutual information 0.250 nats"),
        ("mutual_information", None, "not judged by this yet"),
        ("dcal", 0.875, "DCAL score 0.875"),
        ("dal", 0.875, "88% unlike what is labeled"),
        ("diverse", 0.5, "unsure, and unlike the others asked (0.50)"),
        ("quality", 1.5, "label quality +1.500 nats over its entropy"),
        ("process", 0.731, "process-likeness 0.73"),
        ("random", 0.2, "drawn at random"),
        ("unlabeled", 5.0, "not labeled yet"),
    ],
)
def test_each_reason_says_why(strategy: str, value: float | None, sentence: str) -> None:
    assert reason_for(STRATEGIES[strategy], value, blind=False) == sentence


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_a_blind_reason_tells_no_number(strategy: Strategy) -> None:
    told = reason_for(strategy, 0.731, blind=True)
    assert told
    assert not any(letter.isdigit() for letter in told)


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_each_says_when_to_choose_it(strategy: Strategy) -> None:
    assert strategy.use.endswith(".")
    assert len(strategy.use) < 90
