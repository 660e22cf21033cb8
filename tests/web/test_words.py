from datetime import UTC, datetime

from app.web import words


def test_thousands_are_set_apart():
    assert words.count(9028) == "9\u202f028"


def test_numbers_have_fixed_decimals_and_no_negative_zero():
    assert words.number(0.126) == "0.13"
    assert words.number(-0.001) == "0.00"
    assert words.number(None) == "–"
    assert words.percent(0.847) == "85%"
    assert words.signed(0.5) == "+0.50"


def test_times_are_utc_to_the_minute():
    moment = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert words.moment(moment) == "2026-03-04 05:06 UTC"
    assert words.iso(moment) == "2026-03-04T05:06:07+00:00"


def test_lengths_of_time_take_the_unit_that_fits():
    assert [words.duration(seconds) for seconds in (12, 600, 7200)] == ["12 s", "10 min", "2.0 h"]


def test_progress_says_what_is_known():
    progress = {"stage": "training", "fold": 2, "folds": 5, "epoch": 3, "epochs": 24, "loss": 0.5}
    text = words.progress_text(progress | {"seconds_left": 30.2}, "running")
    assert text == "training · fold 2 of 5 · epoch 3 of 24 · loss 0.500 · 30 s left"
    assert words.progress_text({}, "queued") == "Waiting for the worker."
    assert words.progress_text({}, "running") == "Starting."
