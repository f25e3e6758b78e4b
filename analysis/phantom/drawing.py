"""How readers draw the wall: a little inside its outer edge, a little outside the blood's edge.

Measured on the eight real patients' drawn contours (median profiles across the lines, late frames
outside, brightest frame inside): the lateral wall's signal falls to half about 3 mm outside the
epicardial line, and the blood's about 0.8 mm inside the endocardial one. With the insets below and
the fat that lies outside, the phantom's profiles agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.constants import LV_CAVITY, MYOCARDIUM, RV_CAVITY
from analysis.domain import Bytes, Floats
from analysis.phantom.render import Cut
from analysis.phantom.tissues import Tissue

_LEAST_SHARE_OF_WALL = 0.6
_RV_EDGE_MM = 0.5
_MOSTLY: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class LabelConvention:
    """Where the lines are drawn relative to the anatomical edges, mm.

    epi_inset_mm: the epicardial line lies this far inside the wall's outer edge.
    endo_outset_mm: the endocardial line lies this far outside the cavity's edge, in the wall.
    """

    epi_inset_mm: float = 2.2
    endo_outset_mm: float = 0.7


READERS: Final = LabelConvention()


def drawn_radii(endo: Floats, epi: Floats, convention: LabelConvention) -> tuple[Floats, Floats]:
    """Drawn endocardial and epicardial radius (mm); a thin wall keeps at least 60 % of itself."""
    lost = max(convention.epi_inset_mm + convention.endo_outset_mm, 1e-6)
    wall = np.maximum(epi - np.maximum(endo, 0.0), 0.0)
    share = np.minimum(1.0, (1.0 - _LEAST_SHARE_OF_WALL) * wall / lost)
    drawn_endo = np.where(endo > 0, endo + convention.endo_outset_mm * share, endo)
    drawn_epi = epi - convention.epi_inset_mm * share
    return drawn_endo.astype(np.float32), drawn_epi.astype(np.float32)


def draw_labels(section: Cut, convention: LabelConvention) -> Bytes:
    """Labels as readers draw them: papillary muscles and the outflow gap belong to the cavity."""
    labels = np.zeros(section.radius.shape, dtype=np.uint8)
    labels[section.rv_distance < -_RV_EDGE_MM] = RV_CAVITY
    endo, epi = drawn_radii(section.endo, section.epi, convention)
    inside = section.radius < epi
    cavity = (section.radius < endo) | (section.gap_deg > 0)
    labels[inside & ~cavity] = MYOCARDIUM
    labels[inside & cavity] = LV_CAVITY
    return labels


def draw_blood(blood: Floats) -> Bytes:
    """Labels of input-function images from the share (2, H, W) of blood of each ventricle.

    A pixel counts that is mostly blood, unlike the cavity of ``draw_labels`` without papillary
    muscles and without the rim of wall: the published regions hold what an input function can be
    measured in (Xue 2020c), and so do the drawn regions of the two real examples.
    """
    labels = np.zeros(blood.shape[1:], dtype=np.uint8)
    labels[blood[0] > _MOSTLY] = LV_CAVITY
    labels[blood[1] > _MOSTLY] = RV_CAVITY
    return labels


def blood_shares(section: Cut) -> Floats:
    """Share (2, H, W) of left and right ventricular blood in every pixel."""
    return section.fractions[[Tissue.LV_BLOOD, Tissue.RV_BLOOD]]
