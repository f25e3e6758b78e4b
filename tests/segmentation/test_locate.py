"""Finding the heart in the network's answers."""

import numpy as np
import pytest

from analysis.segmentation.locate import (
    candidate_centres,
    filled_with_blood,
    heart_centre,
    heart_score,
    likeness,
    moving_centre,
    ring_closure,
)


def ring(
    size: int = 64,
    centre: tuple[float, float] = (32, 32),
    opening_deg: float = 0,
    sure: float = 0.95,
) -> np.ndarray:
    """Probabilities (4, size, size) of a ventricle whose wall is open over an angle."""
    rows, columns = np.mgrid[:size, :size]
    radius = np.hypot(rows - centre[0], columns - centre[1])
    angle = np.rad2deg(np.arctan2(rows - centre[0], columns - centre[1])) % 360
    labels = np.where(radius < 8, 1, np.where((radius < 14) & (angle >= opening_deg), 2, 0))
    rest = (1 - sure) / 3
    return np.where(labels[None] == np.arange(4)[:, None, None], sure, rest).astype(np.float32)


def test_a_closed_ring_is_closed_and_half_a_ring_half() -> None:
    assert ring_closure(ring()) == 1
    assert ring_closure(ring(opening_deg=180)) == pytest.approx(0.5, abs=0.05)


def test_doubt_and_gaps_lower_the_score() -> None:
    sure = heart_score(ring())
    assert sure > heart_score(ring(sure=0.6)) and sure > heart_score(ring(opening_deg=120))


def test_no_heart_scores_zero_and_has_no_centre() -> None:
    nothing = np.zeros((4, 32, 32), dtype=np.float32)
    nothing[0] = 1
    assert heart_score(nothing) == 0 and heart_centre(nothing) is None


def test_the_centre_is_that_of_the_largest_piece() -> None:
    probabilities = ring(centre=(20, 40))
    probabilities[:, 60:62, 60:62] = np.array([0, 0, 1, 0])[:, None, None]
    assert heart_centre(probabilities) == pytest.approx((20, 40), abs=0.3)


def test_a_true_ring_comes_before_a_larger_open_wall() -> None:
    probabilities = ring(size=128, centre=(30, 30))
    probabilities[:, 80:115, 70:110] = np.array([0.1, 0, 0.9, 0])[:, None, None]
    first = candidate_centres(probabilities, grid_spacing_mm=1.6)[0]
    assert first == pytest.approx((30, 30), abs=1)


def passage(ring: np.ndarray, height: float) -> np.ndarray:
    """Frames in which the cavity of a ring brightens by ``height`` and other tissue by a third."""
    course = np.array([0, 0, 0, 0.4, 1.0, 0.7, 0.5])[:, None, None]
    return 1.0 + course * np.where(ring.argmax(axis=0) == 1, height, 0.3)


def test_a_ring_around_something_that_never_fills_is_not_the_ventricle() -> None:
    heart = ring()
    assert filled_with_blood(heart, passage(heart, 1.0), brightest=1.0) == 1
    assert filled_with_blood(heart, passage(heart, 0.12), brightest=1.0) == 1  # small, far away
    assert filled_with_blood(heart, passage(heart, 0.02), brightest=1.0) == pytest.approx(0.2)


def test_where_nothing_fills_or_no_cavity_is_seen_blood_decides_nothing() -> None:
    heart = ring()
    assert filled_with_blood(heart, passage(heart, 0.0), brightest=0.0) == 1
    solid = np.where(heart.argmax(axis=0) == 1, 2, heart.argmax(axis=0))
    filled = (solid[None] == np.arange(4)[:, None, None]).astype(np.float32)
    assert filled_with_blood(filled, passage(heart, 0.0), brightest=1.0) == 1


def test_without_a_heart_the_enhancement_says_where_to_look() -> None:
    frames = np.random.default_rng(1).normal(10, 1, (20, 60, 60)).astype(np.float32)
    frames[8:, 38:46, 10:18] += 50
    assert moving_centre(frames) == pytest.approx((41.5, 13.5), abs=2)


def test_an_open_ring_beside_a_right_ventricle_beats_a_closed_one_without() -> None:
    outflow = ring(opening_deg=120)
    outflow[:, 10:54, 4:16] = np.array([0.02, 0.02, 0.02, 0.94])[:, None, None]
    kidney = ring()
    assert heart_score(kidney) > heart_score(outflow)
    assert likeness(outflow) > likeness(kidney)
