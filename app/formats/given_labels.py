"""Labels that a source brings along: to codes, and to the components that are kept."""

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import InvalidInput
from app.domain.labels import CODES
from app.domain.recordings import ImportedLabels
from app.formats.source import Source


def imported_labels(
    source: Source, n_source: int, kept: NDArray[np.int64], notes: list[str]
) -> tuple[ImportedLabels, ...]:
    """Those of each annotator, of the components that were kept, where any has one.

    n_source: components in the source. Labels of another number are left out, and the notes say so.
    """
    imported = []
    for annotator, values in source.labels.items():
        codes = label_codes(values, annotator)
        if len(codes) != n_source:
            notes.append(
                f"The labels of '{annotator}' were left out: {len(codes)} labels for "
                f"{n_source} components."
            )
        elif codes[kept].any():
            imported.append(ImportedLabels(annotator, codes[kept]))
    return tuple(imported)


def label_codes(values: NDArray[np.generic], what: str) -> NDArray[np.int8]:
    """Labels as int8 codes; 0 and NaN mean none.

    Raises InvalidInput that names the first value that is none of 0 to 4.
    """
    flat = np.asarray(values)
    if flat.ndim != 1 or flat.dtype.kind not in "biuf":
        raise InvalidInput(
            f"'{what}' must be one list of numbers 1 to 4 (0 or NaN for none), but it is "
            f"{flat.dtype} of shape {flat.shape}."
        )
    numbers = np.nan_to_num(flat.astype(np.float64), nan=0.0, posinf=np.inf, neginf=-np.inf)
    wrong = np.nonzero(~np.isin(numbers, (0, *CODES)))[0]
    if wrong.size:
        index = int(wrong[0])
        raise InvalidInput(
            f"'{what}' has {len(wrong)} values that are no label; the first is "
            f"{numbers[index]:g} at index {index}. Labels are 1 neuron, 2 process, 3 noise, "
            "4 doubtful neuron, 0 or NaN for none."
        )
    return numbers.astype(np.int8)
