"""Work on numpy arrays, part by part, on as many threads as torch has."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Part = TypeVar("Part")

AT_ONCE = 48
"""Images that fit the processor's cache together, and are not so large that each time memory for
them is fetched from the operating system."""


def parts_of(images: int) -> list[slice]:
    """The rows of so many images, in parts that are faster than all at once."""
    return [slice(start, start + AT_ONCE) for start in range(0, images, AT_ONCE)]


def for_each(work: Callable[[Part], None], parts: Iterable[Part]) -> None:
    """Do the work on each part; parts are small enough for the processor's cache.

    numpy lets other threads run while it computes. Raises what the work raises.
    """
    listed, threads = list(parts), torch.get_num_threads()
    if threads == 1 or len(listed) == 1:
        for part in listed:
            work(part)
        return
    with ThreadPoolExecutor(threads) as pool:
        # Taking the results raises what was raised.
        list(pool.map(work, listed))
