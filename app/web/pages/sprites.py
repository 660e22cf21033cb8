"""Many masks in one picture, so that a wall of thumbnails is one request."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.recordings import MASK_SIZE_PX

COLUMNS = 10


@dataclass(frozen=True)
class Sprite:
    """A picture of masks, `columns` in a row. `parts.thumb` shows one of them."""

    url: str
    columns: int
    width: int
    height: int


def sprite_of(shown: Sequence[tuple[int, str]]) -> Sprite:
    """The picture of these components (key, content hash), in their order."""
    # The content in the address: the picture may be kept for ever.
    version = hashlib.sha256("".join(content for _, content in shown).encode()).hexdigest()
    keys = ",".join(str(key) for key, _ in shown)
    return Sprite(
        url=f"/components/sprite.png?ids={keys}&v={version[:16]}",
        columns=COLUMNS,
        width=COLUMNS * MASK_SIZE_PX,
        height=-(-len(shown) // COLUMNS) * MASK_SIZE_PX,
    )
