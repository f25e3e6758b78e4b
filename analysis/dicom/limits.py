"""How much of a stranger's data is read before it is refused."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds on what one call reads.

    files: files and zip members together.
    object_bytes: one DICOM object, unpacked.
    zip_members, zip_bytes: one archive, unpacked.
    zip_directory_bytes: the archive's table of contents, read into memory at once.
    member_ratio: unpacked over packed size of a member above ``ratio_from_bytes``; real images
        pack 2 to 10 times, empty ones up to about 300 times but are small.
    """

    files: int = 200_000
    object_bytes: int = 1024 * MIB
    zip_members: int = 100_000
    zip_bytes: int = 32 * 1024 * MIB
    zip_directory_bytes: int = 64 * MIB
    member_ratio: float = 200.0
    ratio_from_bytes: int = 8 * MIB


DEFAULT_LIMITS = Limits()
