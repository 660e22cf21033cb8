"""The place of doubtful neurons where a model was trained on the other three classes alone.

What such a model cannot decide is what a person calls doubtful: the chance of it is a logistic
function of the entropy over the three classes, fitted on held-out predictions.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classifier.classes import CLASSES, DOUBTFUL
from classifier.uncertainty import predictive_entropy

_NEWTON_STEPS = 30
_RIDGE = 1e-2


@dataclass(frozen=True)
class Doubt:
    """The chance of the fourth class at an entropy H of the first three, in nats.

    It is the logistic function of `offset + slope * H`.
    """

    offset: float
    slope: float

    def spread(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """(components, 4) probabilities of all classes, from (components, 3) of the first three."""
        entropy = predictive_entropy(probabilities)
        chance = 1 / (1 + np.exp(-(self.offset + self.slope * entropy)))
        result = np.empty((len(probabilities), CLASSES))
        result[:, :-1] = probabilities * (1 - chance)[:, None]
        result[:, -1] = chance
        return result


def fit_doubt(probabilities: NDArray[np.float64], labels: ArrayLike) -> Doubt:
    """The logistic regression of being labeled doubtful on the entropy.

    probabilities: (components, 3) of models that did not train on these components.
    labels: (components,) codes 1 to 4. Without a doubtful one, the chance is next to nothing.
    """
    doubtful = np.asarray(labels) == DOUBTFUL
    entropy = predictive_entropy(probabilities) if len(doubtful) else np.zeros(0)
    design = np.column_stack([np.ones(len(entropy)), entropy])
    found = np.array([-3.0, 0.0])
    for _ in range(_NEWTON_STEPS):
        chance = 1 / (1 + np.exp(-design @ found))
        slope = design.T @ (chance - doubtful) + _RIDGE * found
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + _RIDGE * np.eye(2)
        step = np.linalg.solve(curve, slope)
        found -= step / max(1.0, float(np.abs(step).max()))
    if found[1] >= 0:
        return Doubt(float(found[0]), float(found[1]))
    # Doubt that falls as entropy grows is chance; then all have the share of the doubtful.
    odds = (doubtful.sum() + _RIDGE) / ((~doubtful).sum() + _RIDGE)
    return Doubt(float(np.log(odds)), 0.0)
