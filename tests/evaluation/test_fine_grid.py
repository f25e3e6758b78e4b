"""The published grid of 1 mm, and flow of 48 segments."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.domain import SliceContours
from analysis.evaluation.fine_grid import compare_contours_finely
from analysis.evaluation.many_segments import AROUND, segment_means

SPACING = (1.9, 1.9)
SHAPE = (80, 80)


def circle(radius_mm, centre=(40.0, 40.0)):
    angle = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    radius = radius_mm / SPACING[0]
    return tuple(
        (float(centre[0] + radius * np.sin(a)), float(centre[1] + radius * np.cos(a)))
        for a in angle
    )


def ring(endo_mm, epi_mm):
    return SliceContours(
        endo_rc=circle(endo_mm),
        epi_rc=circle(epi_mm),
        rv_insertion_anterior_rc=(30.0, 40.0),
        rv_insertion_inferior_rc=(50.0, 40.0),
        lv_centre_rc=(40.0, 40.0),
    )


def test_equal_contours_agree_fully() -> None:
    found = compare_contours_finely(ring(18, 27), ring(18, 27), SHAPE, SPACING)
    assert found.dice == 1 and found.boundary_mm < 0.01 and found.hausdorff_mm < 0.1
    assert found.wall_mm == pytest.approx(9, abs=0.2)


def test_a_wall_drawn_too_thick_is_measured_in_millimetres() -> None:
    found = compare_contours_finely(ring(18, 27), ring(17.5, 28), SHAPE, SPACING)
    assert found.signed_epi_mm == pytest.approx(1.0, abs=0.05)
    assert found.signed_endo_mm == pytest.approx(-0.5, abs=0.05)
    assert found.boundary_mm == pytest.approx(0.75, abs=0.05)
    assert found.hausdorff_mm == pytest.approx(1.0, abs=0.1)
    area = np.pi * (27**2 - 18**2)
    assert found.false_positive == pytest.approx(
        np.pi * (28**2 - 27**2 + 18**2 - 17.5**2) / area, abs=0.03
    )
    assert found.false_negative < 0.02


def test_a_missing_cavity_leaves_the_epicardium_to_compare() -> None:
    closed = replace(ring(18, 27), endo_rc=None)
    found = compare_contours_finely(closed, closed, SHAPE, SPACING)
    assert found.dice == 1 and np.isnan(found.signed_endo_mm)


def test_48_segments_tell_layers_and_directions_apart() -> None:
    rows, columns = np.mgrid[:80, :80] - 40.0
    radius = np.hypot(rows, columns) * SPACING[0]
    flow = np.where(radius < 22.5, 1.0, 2.0) + 3.0 * (columns > 0)
    means = segment_means(flow, ring(18, 27), SPACING)
    assert np.isfinite(means).all()
    endo, epi = means[:AROUND], means[AROUND:]
    assert epi.mean() - endo.mean() == pytest.approx(1.0, abs=0.2)
    # From the anterior insertion above the centre, angles run to the right first.
    assert endo[2:10].mean() == pytest.approx(4.0, abs=0.3)
    assert endo[14:22].mean() == pytest.approx(1.0, abs=0.3)


def test_without_an_insertion_segments_have_no_beginning() -> None:
    lost = replace(ring(18, 27), rv_insertion_anterior_rc=None)
    assert np.isnan(segment_means(np.ones(SHAPE), lost, SPACING)).all()
