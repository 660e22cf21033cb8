"""How much a file may ask of this machine before anything is allocated for it."""

from dataclasses import dataclass

MB = 1024 * 1024


@dataclass(frozen=True)
class ReadLimits:
    """Limits of one import. The caller sets them from the settings.

    max_bytes: size of the file, or of all files of a folder that are read, in bytes.
    max_unpacked_bytes: what one recording's arrays, or one archive, may unpack to, in bytes.
    max_components: components a recording may have.
    max_side_px: height or width a field may have, in source pixels.
    max_members: files an archive may hold, objects an HDF5 file may hold.
    """

    max_bytes: int = 4096 * MB
    max_unpacked_bytes: int = 8192 * MB
    max_components: int = 200_000
    max_side_px: int = 20_000
    max_members: int = 100_000
