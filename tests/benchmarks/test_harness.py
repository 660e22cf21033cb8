"""What the benchmarks' command lines take, and how figures are gathered."""

import pytest

from benchmarks.harness import Figures, Options, spread


def test_figures_are_printed_as_mean_and_spread_with_their_seeds():
    figures = Figures()
    for value in (0.5, 0.6, 0.7):
        figures.add(("ours", "mask"), {"macro F1": value})
    figures.add(("theirs", "mask"), {"macro F1": 0.4, "seconds": 120.0})
    assert figures.rows(("macro F1", "seconds")) == [
        ["ours", "mask", "0.600 ± 0.100", "", "3"],
        ["theirs", "mask", "0.400", "120", "1"],
    ]
    assert spread([12.0, 14.0]) == "13 ± 1"


def test_what_was_never_reached_is_said_in_words():
    assert spread([400.0, float("inf"), 500.0]) == "never in 1 of 3 seeds"


def test_a_part_of_a_run_is_not_published(capsys):
    for part in (["--quick"], ["--only", "boosting"]):
        with pytest.raises(SystemExit):
            Options.parse(None, [*part, "--publish"])
        assert "leave --quick and --only out" in capsys.readouterr().err


def test_only_picks_rows_by_words_in_any_case():
    options = Options.parse(None, ["--only", "BOOST", "cnn"])
    names = ["gradient boosting (mask)", "the document's CNN", "random"]
    assert options.chosen(names) == names[:2]
    with pytest.raises(SystemExit, match="names none of: random"):
        options.chosen(["random"])


def test_a_quick_run_has_one_seed_and_none_has_fewer():
    assert Options.parse(None, ["--quick", "--seeds", "3"]).seeds == 1
    with pytest.raises(SystemExit):
        Options.parse(None, ["--seeds", "0"])
