"""The four classes and their fixed codes, as this package knows them.

The codes are part of the data and never change. Column ``k`` of any probability array in this
package belongs to code ``CODES[k]``.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

NEURON, PROCESS, NOISE, DOUBTFUL = 1, 2, 3, 4
CODES = (NEURON, PROCESS, NOISE, DOUBTFUL)
NAMES = ("neuron", "process", "noise", "doubtful neuron")
CLASSES = len(CODES)
MASK_SIZE_PX = 50
"""Side of a mask, in mask pixels; row 25, column 25 lies on the centre of mass."""


def columns_of(labels: ArrayLike) -> NDArray[np.int64]:
    """The probability column (0 to 3) of each label code (1 to 4).

    labels: (components,) integers.
    Raises ValueError where a label is not one of the four codes.
    """
    array = np.asarray(labels)
    if array.ndim != 1:
        raise ValueError(f"labels must be one-dimensional, but their shape is {array.shape}.")
    wrong = ~np.isin(array, CODES)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"Label {array[first]!r} of component {first} is not one of the codes 1 to 4."
        )
    return array.astype(np.int64) - NEURON
