"""What benchmarks.thorough asks, of what is trained on masks and where they lie alone.

    python -m benchmarks.thorough_by_masks             3 seeds (half an hour)
    python -m benchmarks.thorough_by_masks --quick     a few fields, 1 seed (under 2 minutes)
    python -m benchmarks.thorough_by_masks --publish   and write docs/benchmarks.md

Apart from it so that each takes half an hour.
"""

from functools import partial

from benchmarks.accuracy import compare
from benchmarks.hand_features import MASK_AND_RECORDING
from benchmarks.harness import Options
from benchmarks.thorough import contenders


def measure(options: Options) -> str:
    """Every figure, as one text."""
    return compare("thorough_by_masks", options, partial(contenders, MASK_AND_RECORDING))


if __name__ == "__main__":
    measure(Options.parse(__doc__))
