"""A heart that moves under its coil is brought back to the brightness of its place."""

import numpy as np
import pytest

from analysis.motion import as_bright_as_at_rest, is_steadier, sensitivity, warp_frames

SIZE = 96
SPACING_MM = (2.0, 2.0)
CENTRE = (50.0, 44.0)
ROWS, COLUMNS = np.indices((SIZE, SIZE), dtype=np.float32)
WALL = np.abs(np.hypot(ROWS - CENTRE[0], COLUMNS - CENTRE[1]) - 12) < 3
COIL = (1 / (1 + ((ROWS - 5) ** 2 + (COLUMNS - 30) ** 2) / 45**2)).astype(np.float32)


def organs(seed: int = 0) -> np.ndarray:
    """A chest whose organs differ in proton density: heart, blood, liver, lung, air around."""
    density = np.full((SIZE, SIZE), 0.8, np.float32)
    density[np.hypot(ROWS - CENTRE[0], COLUMNS - CENTRE[1]) < 9] = 1.0
    density[70:, :40] = 0.65
    density[20:60, 70:90] = 0.1
    density[:, :4] = density[:, -4:] = 0.0
    noise = np.random.default_rng(seed).normal(0, 0.01, density.shape)
    return np.maximum(density + noise, 0).astype(np.float32)


def breathing(coil: np.ndarray, *, frames: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Corrected frames of a wall that brightens smoothly, its displacement, and the true course."""
    time = np.arange(frames)
    course = (1 + 3 * (1 - np.exp(-np.maximum(time - 8, 0) / 6))).astype(np.float32)
    displacement = np.zeros((frames, 2, 1, 1), np.float32)
    displacement[:, 0, 0, 0] = 4 * np.sin(time)
    fields = np.broadcast_to(displacement, (frames, 2, SIZE, SIZE))
    still = course[:, None, None] * np.ones((SIZE, SIZE), np.float32)
    return still * warp_frames(np.repeat(coil[None], frames, axis=0), fields), displacement, course


def test_the_breath_leaves_the_brightness_of_the_wall() -> None:
    corrected, displacement, course = breathing(COIL)
    found = sensitivity(organs() * COIL, CENTRE, SPACING_MM)
    level = as_bright_as_at_rest(corrected, displacement, found)

    def unlike(series: np.ndarray) -> float:
        curve = series[:, WALL].mean(axis=1) / course
        return float(curve.std() / curve.mean())

    assert unlike(corrected) > 0.05
    assert unlike(level) < 0.25 * unlike(corrected)
    assert is_steadier(corrected, level, WALL)
    np.testing.assert_array_equal(level[0], corrected[0])  # did not move


def test_organs_of_different_density_are_no_sensitivity() -> None:
    found = sensitivity(organs(), CENTRE, SPACING_MM)[WALL]
    assert found.max() / found.min() < 1.1


def test_a_sensitivity_that_is_none_is_seen_by_the_wall() -> None:
    corrected, displacement, _ = breathing(np.ones_like(COIL))
    assert not is_steadier(corrected, as_bright_as_at_rest(corrected, displacement, COIL), WALL)


@pytest.mark.parametrize("image", [np.zeros((SIZE, SIZE)), np.full((SIZE, SIZE), np.nan)])
def test_an_image_without_signal_changes_nothing(image: np.ndarray) -> None:
    np.testing.assert_array_equal(sensitivity(image.astype(np.float32), CENTRE, SPACING_MM), 1)


def test_far_from_the_heart_the_sensitivity_stays_within_what_was_seen() -> None:
    found = sensitivity(organs() * COIL, (10.0, 10.0), (6.0, 6.0))
    seen = (organs() * COIL)[organs() > 0.3]
    assert np.isfinite(found).all()
    assert found.max() <= 1.5 * seen.max()
    assert found.min() >= 0.3 * seen.min()
