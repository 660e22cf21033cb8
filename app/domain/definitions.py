"""What the four classes look like, in words: those of DESIGN section 1 until a lab has its own."""

from collections.abc import Mapping

from app.domain.labels import Label

USUAL_TEXTS: Mapping[int, str] = {
    Label.NEURON: "Bright, a clear donut or very round, ideally with a process attached.",
    Label.PROCESS: "A dendrite: bright dot or dots, a line segment, a V.",
    Label.NOISE: "No clear contour, dim, a vague blurred cloud.",
    Label.DOUBTFUL: "May be bright and have a shape, but not clearly a donut: "
    "between neuron and noise.",
}

LONGEST_TEXT = 2000
"""Characters: what is read in a moment beside the mask."""

MOST_EXAMPLES = 6
"""Of each class."""
