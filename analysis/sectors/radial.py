"""Where rays from the LV centre meet the endocardium and the epicardium."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.domain import Doubles, Polygon, SliceContours
from analysis.sectors.view import StandardView

RAYS: Final = 360


@dataclass(frozen=True, kw_only=True)
class RadialProfile:
    """Radii in mm at RAYS angles, counter-clockwise in the standard view from its right.

    endo_mm: (RAYS,) zero where there is no endocardial contour.
    epi_mm: (RAYS,) never inside ``endo_mm``; equal where there is no wall.
    pixel_mm: geometric mean of the pixel's two sides.
    """

    angles_deg: Doubles
    endo_mm: Doubles
    epi_mm: Doubles
    pixel_mm: float

    @property
    def wall_mm(self) -> Doubles:
        return self.epi_mm - self.endo_mm

    def at(self, angles_deg: Doubles) -> tuple[Doubles, Doubles]:
        """Endocardial and epicardial radius at any angles, linear between rays."""
        endo = np.interp(angles_deg, self.angles_deg, self.endo_mm, period=360.0)
        epi = np.interp(angles_deg, self.angles_deg, self.epi_mm, period=360.0)
        return np.asarray(endo), np.asarray(epi)


def radial_profile(contours: SliceContours, view: StandardView) -> RadialProfile:
    """Outermost crossing of every ray with each contour; a concave bay does not split a ray."""
    angles = np.arange(RAYS, dtype=np.float64) * (360.0 / RAYS)
    epi = _outermost(contours.epi_rc, contours.lv_centre_rc, view, angles)
    endo = (
        np.zeros(RAYS)
        if contours.endo_rc is None
        else _outermost(contours.endo_rc, contours.lv_centre_rc, view, angles)
    )
    return RadialProfile(
        angles_deg=angles,
        endo_mm=np.minimum(endo, epi),
        epi_mm=epi,
        pixel_mm=float(np.sqrt(abs(np.linalg.det(view.matrix)))),
    )


def _outermost(
    polygon: Polygon, centre_rc: tuple[float, float], view: StandardView, angles_deg: Doubles
) -> Doubles:
    points = (np.asarray(polygon, dtype=np.float64) - np.array(centre_rc)) @ view.matrix.T
    edges = np.roll(points, -1, axis=0) - points
    directions = np.stack([np.cos(np.radians(angles_deg)), np.sin(np.radians(angles_deg))], axis=1)
    # Solve distance * direction = point + along * edge for every ray (rows) and edge (columns).
    determinant = np.outer(directions[:, 1], edges[:, 0]) - np.outer(directions[:, 0], edges[:, 1])
    point_cross_edge = points[:, 1] * edges[:, 0] - points[:, 0] * edges[:, 1]
    direction_cross_point = np.outer(directions[:, 0], points[:, 1]) - np.outer(
        directions[:, 1], points[:, 0]
    )
    safe = np.where(np.abs(determinant) < 1e-12, np.inf, determinant)
    distance = point_cross_edge / safe
    along = direction_cross_point / safe
    # The tolerance keeps a ray through a vertex from slipping between its two edges.
    on_edge = (along >= -1e-9) & (along <= 1 + 1e-9)
    met = (np.abs(determinant) >= 1e-12) & on_edge & (distance > 0)
    return np.asarray(np.where(met, distance, 0.0).max(axis=1))
