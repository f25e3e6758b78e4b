"""Contours with known distances, and a process with a known jump."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from qperfweb.agreement.contours import compare_contours
from qperfweb.agreement.drift import FEWEST, control_charts
from tests.runs.examples import circle

SHAPE, SPACING = (96, 96), (1.5, 1.5)


def contours(endo, epi, insertion_deg=0.0, middle=(48.0, 48.0)):
    angle = np.radians(insertion_deg)
    return {
        "endo_rc": [list(p) for p in circle(endo, middle)],
        "epi_rc": [list(p) for p in circle(epi, middle)],
        "rv_insertion_anterior_rc": [48 + 20 * np.sin(angle), 48 + 20 * np.cos(angle)],
        "rv_insertion_inferior_rc": None,
        "lv_centre_rc": [48.0, 48.0],
    }


def test_equal_contours_agree_in_everything():
    same = compare_contours(contours(12, 20), contours(12, 20), SHAPE, SPACING)
    assert (same.dice_myocardium, same.dice_cavity) == (1.0, 1.0)
    assert same.boundary_error_mm == pytest.approx(0, abs=1e-9)
    assert (same.hausdorff_mm, same.rv_insertion_deg) == (pytest.approx(0, abs=1e-9), 0.0)


def test_concentric_rings_lie_their_difference_in_radius_apart():
    found = compare_contours(contours(12, 20), contours(12, 22, 350), SHAPE, SPACING)
    assert found.hausdorff_mm == pytest.approx(2 * 1.5, abs=0.1)
    assert found.boundary_error_mm == pytest.approx((0 + 2 * 1.5) / 2, abs=0.05)
    areas = np.array([20**2 - 12**2, 22**2 - 12**2])
    assert found.dice_myocardium == pytest.approx(2 * areas[0] / areas.sum(), abs=0.02)
    assert found.dice_cavity == 1.0
    assert found.rv_insertion_deg == pytest.approx(10)


def test_pixels_that_are_not_square_are_measured_in_millimetres():
    found = compare_contours(
        contours(12, 20), contours(12, 20, middle=(50.0, 48.0)), SHAPE, (2.0, 1.0)
    )
    assert found.hausdorff_mm == pytest.approx(4.0, abs=0.1)


def test_without_an_insertion_there_is_no_angle():
    without = contours(12, 20) | {"rv_insertion_anterior_rc": None}
    assert compare_contours(contours(12, 20), without, SHAPE, SPACING).rv_insertion_deg is None


def points(values):
    begin = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    return [(begin + 86400 * n, n, value) for n, value in enumerate(values)]


def test_a_jump_leaves_the_limits_and_each_version_has_its_own():
    rng = np.random.default_rng(3)
    steady, other = rng.normal(0, 0.1, 40), rng.normal(0.5, 0.1, 40)
    steady[25] = 1.2
    first, second = control_charts({"a": points(steady), "b": points(other)})
    assert (first["version"], second["version"]) == ("a", "b")
    assert [p["study"] for p in first["points"] if p["outside"]] == [25]
    assert [p["study"] for p in second["points"]] == list(range(40))
    assert second["points"][1]["at"] == "2026-01-02T00:00:00+00:00"
    assert second["centre"] == pytest.approx(0.5, abs=0.05)
    assert second["upper"] - second["centre"] == pytest.approx(0.3, rel=0.3)


def test_few_points_have_no_limits():
    (chart,) = control_charts({"a": points([0.1] * (FEWEST - 1))})
    assert (chart["centre"], chart["lower"], chart["upper"]) == (None, None, None)
