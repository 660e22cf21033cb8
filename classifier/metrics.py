"""How good predictions are against labels, as one dictionary that JSON can hold."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.classes import CLASSES, CODES, NAMES, columns_of
from classifier.uncertainty import check_probabilities, label_cross_entropy

CALIBRATION_BINS = 15


def classification_metrics(probabilities: ArrayLike, labels: ArrayLike) -> dict[str, Any]:
    """Every score of a set of predictions.

    probabilities: (components, 4), columns in the order of the codes. labels: codes 1 to 4.
    Averages over classes (balanced accuracy, macro F1) take only the classes that have labels:
    a class that nobody has labeled yet can be neither found nor missed.
    A class without labels has recall null; one never predicted has precision null.
    """
    p = check_probabilities(probabilities)
    columns = columns_of(labels)
    confusion = confusion_matrix(columns, p.argmax(axis=1))
    hits = np.diag(confusion).astype(float)
    support = confusion.sum(axis=1).astype(float)
    predicted = confusion.sum(axis=0).astype(float)
    present = support > 0
    # F1 = 2 hits / (support + predicted) needs no precision, which may be undefined.
    f1 = np.divide(2 * hits, support + predicted, out=np.zeros(CLASSES), where=present)
    recall = np.divide(hits, support, out=np.zeros(CLASSES), where=present)
    return {
        "components": len(columns),
        "accuracy": float(hits.sum() / len(columns)) if len(columns) else None,
        "balanced_accuracy": float(recall[present].mean()) if present.any() else None,
        "macro_f1": float(f1[present].mean()) if present.any() else None,
        "cross_entropy": float(label_cross_entropy(p, labels).mean()) if len(columns) else None,
        "calibration_error": expected_calibration_error(p, labels),
        "reliability": reliability_table(p, labels),
        "confusion": confusion.tolist(),
        "classes": {
            str(code): {
                "name": NAMES[k],
                "precision": float(hits[k] / predicted[k]) if predicted[k] else None,
                "recall": float(recall[k]) if present[k] else None,
                "f1": float(f1[k]) if present[k] else None,
                "support": int(support[k]),
            }
            for k, code in enumerate(CODES)
        },
    }


def confusion_matrix(
    true_columns: NDArray[np.int64], predicted_columns: NDArray[np.integer]
) -> NDArray[np.int64]:
    """(4, 4) counts; rows are the labels, columns the predictions, in the order of the codes."""
    matrix = np.zeros((CLASSES, CLASSES), dtype=np.int64)
    np.add.at(matrix, (true_columns, predicted_columns), 1)
    return matrix


def reliability_table(
    probabilities: ArrayLike, labels: ArrayLike, bins: int = CALIBRATION_BINS
) -> list[dict[str, Any]]:
    """How often predictions of each confidence are right: what a calibration plot shows.

    Bins of equal width over the top probability, from 0 up; a confidence on the border of two is
    in the lower one. Each has `count`, and the mean `confidence` and the share `right` of its
    components, both null where it has none. Source: Guo et al. 2017.
    """
    p = check_probabilities(probabilities)
    confidence = p.max(axis=1)
    right = (p.argmax(axis=1) == columns_of(labels)).astype(float)
    bin_of = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    counts, sure, hits = (
        np.bincount(bin_of, weights=weights, minlength=bins)
        for weights in (None, confidence, right)
    )
    return [
        {
            "count": int(count),
            "confidence": float(of_sure / count) if count else None,
            "right": float(of_hits / count) if count else None,
        }
        for count, of_sure, of_hits in zip(counts, sure, hits, strict=True)
    ]


def expected_calibration_error(
    probabilities: ArrayLike, labels: ArrayLike, bins: int = CALIBRATION_BINS
) -> float | None:
    """The mean gap between how sure the top class is and how often it is right, from 0 to 1.

    Over the bins of `reliability_table`, each weighted by its components. None where there are
    no components. Source: Guo et al. 2017.
    """
    table = [row for row in reliability_table(probabilities, labels, bins) if row["count"]]
    if not table:
        return None
    gaps = sum(row["count"] * abs(row["confidence"] - row["right"]) for row in table)
    return float(gaps / sum(row["count"] for row in table))
