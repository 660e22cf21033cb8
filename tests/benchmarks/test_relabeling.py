"""Who is tried with which order."""

from benchmarks.harness import Options
from benchmarks.relabeling import EVERY_LOOK, ORDERS, THREE_LABELERS, learners


def test_somatas_own_orders_are_tried_with_both_and_the_usual_ones_with_its_rival():
    somata, boosting = learners(Options.parse(None, []), list(ORDERS))
    assert set(somata.orders) == {"chance wrong", THREE_LABELERS, EVERY_LOOK}
    assert set(boosting.orders) == set(ORDERS)


def test_who_has_no_order_left_is_not_trained():
    (boosting,) = learners(Options.parse(None, []), ["random"])
    assert boosting.orders == ("random",)
    assert len(learners(Options.parse(None, []), [EVERY_LOOK])) == 2
