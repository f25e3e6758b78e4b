"""The pixels in and just around a wall, with their angle and depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.constants import MYOCARDIUM
from analysis.domain import Bools, Bytes, Doubles, SliceContours
from analysis.sectors.radial import RAYS, RadialProfile
from analysis.sectors.wedges import Wedges

LEAST_WALL_PX: Final = 0.5
"""A thinner wall counts as no wall: both contours run together there."""

MARGIN_PX: Final = 4


@dataclass(frozen=True, kw_only=True)
class Neighbourhood:
    """Pixels in and just around the wall, as flat lists: where they are, how deep they lie."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    angles_deg: Doubles
    radius_mm: Doubles
    endo_mm: Doubles
    epi_mm: Doubles
    pixel_mm: float
    myocardium: Bools

    @classmethod
    def around(
        cls, contours: SliceContours, labels: Bytes, wedges: Wedges, profile: RadialProfile
    ) -> Neighbourhood:
        corners = np.asarray(contours.epi_rc, dtype=np.float64).reshape(-1, 2)
        low = np.maximum(np.floor(corners.min(axis=0)).astype(int) - MARGIN_PX, 0)
        high = np.ceil(corners.max(axis=0)).astype(int) + MARGIN_PX + 1
        grid = np.meshgrid(
            np.arange(low[0], min(high[0], labels.shape[0])),
            np.arange(low[1], min(high[1], labels.shape[1])),
            indexing="ij",
        )
        rows, columns = grid[0].ravel(), grid[1].ravel()
        offsets = np.stack([rows, columns], axis=1) - np.array(contours.lv_centre_rc)
        angles = wedges.view.angles_deg(offsets)
        endo, epi = profile.at(angles)
        return cls(
            rows=rows,
            columns=columns,
            angles_deg=angles,
            radius_mm=np.hypot(*(offsets @ wedges.view.matrix.T).T),
            endo_mm=endo,
            epi_mm=epi,
            pixel_mm=profile.pixel_mm,
            myocardium=labels[rows, columns] == MYOCARDIUM,
        )

    def values(self, array: NDArray[np.floating]) -> Doubles:
        return np.asarray(array[self.rows, self.columns], dtype=np.float64)


def covered_arc(wedges: Wedges, profile: RadialProfile) -> dict[int, float]:
    """Fraction of each sector's arc that has a wall."""
    has_wall = profile.wall_mm >= LEAST_WALL_PX * profile.pixel_mm
    ray_segment = wedges.segment_at(profile.angles_deg + 180.0 / RAYS)
    return {segment: float(has_wall[ray_segment == segment].mean()) for segment in wedges.segments}
