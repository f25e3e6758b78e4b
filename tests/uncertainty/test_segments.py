import numpy as np
import pytest

from analysis.uncertainty import slice_uncertainty
from analysis.uncertainty.segments import widened

SPACING = (1.5, 1.5)


def ring():
    rows, columns = np.mgrid[:80, :80] - 39.5
    radius = np.hypot(rows, columns) * 1.5
    wall = (radius > 20) & (radius < 32)
    wedges = (1 + np.degrees(np.arctan2(-rows, columns)) % 360 // 60).astype(np.uint8)
    return wall, wedges, radius


def assess(um, wall, wedges, **options):
    return slice_uncertainty(
        um.astype(np.float32), wall, wedges, pixel_spacing_mm=SPACING, **options
    )


def test_a_certain_slice_has_no_uncertainty():
    wall, wedges, _ = ring()
    found = assess(np.zeros(wall.shape), wall, wedges)
    assert found.value == 0
    assert not found.out_of_distribution


def test_uncertainty_in_the_wall_is_its_mean():
    wall, wedges, _ = ring()
    found = assess(np.where(wall, 0.1, 0.0), wall, wedges)
    assert found.value == pytest.approx(0.1, rel=1e-5)
    assert set(found.segments) == {1, 2, 3, 4, 5, 6}


def test_doubt_just_outside_the_wall_counts_and_far_outside_does_not():
    wall, wedges, radius = ring()
    near, far = (radius > 32) & (radius < 34), radius > 40
    assert assess(np.where(near, 0.2, 0.0), wall, wedges).value > 0.01
    assert assess(np.where(far, 0.2, 0.0), wall, wedges).value == 0


def test_the_threshold_is_on_certainty():
    wall, wedges, _ = ring()
    um = np.where(wall, 0.15, 0.0)
    assert not assess(um, wall, wedges).out_of_distribution
    assert assess(um, wall, wedges, least_certainty=0.9).out_of_distribution


def test_the_segment_where_doubt_varies_most_is_the_one_to_check():
    wall, wedges, _ = ring()
    checkered = np.indices(wall.shape).sum(axis=0) % 2
    um = np.where(wedges == 4, 0.1 * checkered, 0.02)
    assert assess(um, wall, wedges).segment_to_check == 4


def test_a_sector_without_wall_is_divided_by_the_others_area():
    wall, wedges, _ = ring()
    broken = wall & (wedges != 2)
    um = np.where(wall, 0.3, 0.0)
    found = assess(um, broken, wedges)
    assert np.isfinite(found.value)
    assert found.segments[2] >= 0


def test_no_wall_at_all_is_still_a_number():
    wall, wedges, _ = ring()
    assert np.isfinite(assess(np.full(wall.shape, 0.3), np.zeros_like(wall), wedges).value)


def test_widening_reaches_as_far_in_mm_along_both_sides_of_a_pixel():
    mask = np.zeros((21, 21), dtype=bool)
    mask[10, 10] = True
    wide = widened(mask, 3.0, (1.0, 1.5))
    assert wide[:, 10].sum() == 7
    assert wide[10].sum() == 5
