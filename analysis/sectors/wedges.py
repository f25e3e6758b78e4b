"""AHA-16 segments: equal wedges counted from the anterior RV insertion (Cerqueira 2002).

Angles run counter-clockwise in the standard view. "Past the insertion" means towards the septum:
basal and mid slices have six wedges of 60 degrees, the anteroseptal one starting at the insertion
(the 1/2 boundary); apical slices four of 90, the septal one starting 15 degrees past it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from analysis.constants import MYOCARDIUM, SEGMENTS_OF_POSITION
from analysis.domain import Bytes, Doubles, Point, Polygon, Position, SliceContours, SliceGeometry
from analysis.quality import Flag
from analysis.sectors.radial import RadialProfile, radial_profile
from analysis.sectors.raster import rasterise_labels
from analysis.sectors.view import StandardView, standard_view

ApicalRule = Literal["aha", "at-insertion"]

INSERTION_ANGLE_DEG: Final = 120.0
"""Where the anterior insertion lies in the standard view, if it has to be assumed."""

APICAL_START_DEG: Final[dict[ApicalRule, float]] = {"aha": 15.0, "at-insertion": 0.0}


@dataclass(frozen=True, kw_only=True)
class Outline:
    """A closed polygon around a segment's wall and the middle of it, for its label."""

    polygon_rc: Polygon
    label_rc: Point


@dataclass(frozen=True, kw_only=True)
class Wedges:
    """The sectors of one slice.

    segments: AHA numbers in order, starting with the wedge that begins at ``start_deg``.
    start_deg: angle of the first boundary in the standard view.
    direction: +1 where the septum lies counter-clockwise of the anterior insertion (as it should),
        -1 where the contours say otherwise.
    """

    segments: tuple[int, ...]
    start_deg: float
    direction: int
    centre_rc: Point
    view: StandardView
    flags: tuple[Flag, ...] = ()

    @property
    def width_deg(self) -> float:
        return 360.0 / len(self.segments)

    def segment_at(self, angles_deg: Doubles, *, turned_deg: float = 0.0) -> Bytes:
        """AHA number at each angle of the standard view; ``turned_deg`` moves the boundaries."""
        past = (self.direction * (angles_deg - self.start_deg) - turned_deg) % 360.0
        index = np.minimum((past / self.width_deg).astype(np.int64), len(self.segments) - 1)
        return np.asarray(self.segments, dtype=np.uint8)[index]

    def boundary_angles_deg(self) -> tuple[float, ...]:
        """Where each segment begins, in the standard view, in order of ``segments``."""
        return tuple(
            (self.start_deg + self.direction * index * self.width_deg) % 360.0
            for index in range(len(self.segments))
        )

    def angles_of(self, shape: tuple[int, int]) -> Doubles:
        """Angle (H, W) of every pixel centre around the LV centre."""
        return self.view.angles_deg(np.stack(_offsets(shape, self.centre_rc), axis=-1))


def slice_wedges(
    contours: SliceContours,
    position: Position,
    geometry: SliceGeometry,
    *,
    base_to_apex: tuple[float, float, float] | None = None,
    apical_rule: ApicalRule = "aha",
) -> Wedges:
    """The wedges of a slice; doubts about orientation and insertion come back as flags."""
    view = standard_view(geometry, base_to_apex=base_to_apex)
    flags = list(view.flags)
    direction = 1
    if contours.rv_insertion_anterior_rc is None:
        insertion = INSERTION_ANGLE_DEG
        flags.append(
            Flag(
                code="insertion-not-found",
                message="The anterior RV insertion was not found; segments follow the image "
                "orientation only.",
            )
        )
    else:
        insertion = _angle(contours.rv_insertion_anterior_rc, contours, view)
        if contours.rv_insertion_inferior_rc is not None:
            inferior = _angle(contours.rv_insertion_inferior_rc, contours, view)
            if (inferior - insertion) % 360.0 > 180.0:
                direction = -1
                if not view.assumed:
                    flags.append(
                        Flag(
                            code="orientation-assumed",
                            message="The right ventricle lies on the other side than the patient "
                            "coordinates say; segments follow the right ventricle.",
                        )
                    )
    septal = SEGMENTS_OF_POSITION[position]
    offset = APICAL_START_DEG[apical_rule] if position == "apical" else 0.0
    return Wedges(
        segments=septal[1:] + septal[:1],
        start_deg=(insertion + direction * offset) % 360.0,
        direction=direction,
        centre_rc=contours.lv_centre_rc,
        view=view,
        flags=tuple(flags),
    )


def rasterise_segments(
    contours: SliceContours,
    position: Position,
    shape: tuple[int, int],
    geometry: SliceGeometry,
    *,
    base_to_apex: tuple[float, float, float] | None = None,
    apical_rule: ApicalRule = "aha",
) -> Bytes:
    """AHA number (H, W) of every myocardial pixel, 0 elsewhere."""
    wedges = slice_wedges(
        contours, position, geometry, base_to_apex=base_to_apex, apical_rule=apical_rule
    )
    labels = rasterise_labels(contours, shape)
    numbers = wedges.segment_at(wedges.angles_of(shape))
    return np.where(labels == MYOCARDIUM, numbers, 0).astype(np.uint8)


def segment_outlines(
    contours: SliceContours, wedges: Wedges, *, profile: RadialProfile | None = None
) -> dict[int, Outline]:
    """Where to draw each segment; never used to measure."""
    profile = profile or radial_profile(contours, wedges.view)
    to_pixels = np.linalg.inv(wedges.view.matrix)
    steps = np.linspace(0.0, wedges.width_deg, 25)
    outlines: dict[int, Outline] = {}
    for segment, begin in zip(wedges.segments, wedges.boundary_angles_deg(), strict=True):
        angles = (begin + wedges.direction * steps) % 360.0
        endo, epi = profile.at(angles)
        directions = np.stack([np.cos(np.radians(angles)), np.sin(np.radians(angles))], axis=1)
        middle = len(steps) // 2
        label = directions[middle] * (endo[middle] + epi[middle]) / 2
        around = np.concatenate(
            [directions * epi[:, None], directions[::-1] * endo[::-1, None], label[None]]
        )
        points = np.round(around @ to_pixels.T + np.array(contours.lv_centre_rc), 3)
        *polygon, label_rc = ((float(row), float(column)) for row, column in points)
        outlines[segment] = Outline(polygon_rc=tuple(polygon), label_rc=label_rc)
    return outlines


def _angle(point: Point, contours: SliceContours, view: StandardView) -> float:
    offset = np.array(point, dtype=np.float64) - np.array(contours.lv_centre_rc)
    return float(view.angles_deg(offset))


def _offsets(shape: tuple[int, int], centre_rc: Point) -> tuple[Doubles, Doubles]:
    rows, columns = np.meshgrid(
        np.arange(shape[0]) - centre_rc[0], np.arange(shape[1]) - centre_rc[1], indexing="ij"
    )
    return rows, columns
