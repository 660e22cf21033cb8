"""Who is tried with which order."""

from benchmarks.harness import Options
from benchmarks.relabeling import EVERY_LOOK, ORDERS, THREE_LABELERS, learners


def test_orders_that_take_more_answers_are_somatas_alone():
    somata, boosting = learners(Options.parse(None, []), list(ORDERS))
    assert somata.orders == (THREE_LABELERS, EVERY_LOOK)
    assert set(boosting.orders) == set(ORDERS) - set(somata.orders)


def test_who_has_no_order_left_is_not_trained():
    assert [one.name for one in learners(Options.parse(None, []), [EVERY_LOOK])] == ["Somata"]
    (boosting,) = learners(Options.parse(None, []), ["random"])
    assert boosting.orders == ("random",)
