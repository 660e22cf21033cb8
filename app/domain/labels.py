"""The four classes and their fixed codes (DESIGN section 1)."""

from enum import IntEnum


class Label(IntEnum):
    """What a component is. The codes are part of the data and never change."""

    NEURON = 1
    PROCESS = 2
    NOISE = 3
    DOUBTFUL = 4

    @property
    def title(self) -> str:
        """The class as the pages write it."""
        return TITLES[self]


TITLES = {
    Label.NEURON: "neuron",
    Label.PROCESS: "process",
    Label.NOISE: "noise",
    Label.DOUBTFUL: "doubtful neuron",
}

CODES = tuple(int(label) for label in Label)
