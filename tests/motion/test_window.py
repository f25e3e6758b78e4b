from __future__ import annotations

import numpy as np
import pytest

from analysis.motion.window import locate_left_ventricle
from tests.motion.scene import CENTRE, SIZE, breathing, draw


def distance(found: tuple[float, float], row: float, column: float) -> float:
    return float(np.hypot(found[0] - row, found[1] - column))


def test_the_left_ventricle_is_told_from_the_right_one_that_fills_first() -> None:
    scene = draw(np.zeros((60, 2)))
    site = locate_left_ventricle(scene.signal, 2.0)
    assert site.found
    assert distance(site.centre_rc, *CENTRE) < 4


@pytest.mark.parametrize("seed", range(3))
def test_breathing_does_not_mislead(seed: int) -> None:
    scene = draw(np.roll(breathing(60), seed, axis=0), seed=seed)
    site = locate_left_ventricle(scene.signal, 2.0)
    assert distance(site.centre_rc, *CENTRE) < 8


def test_a_heart_off_the_middle_is_found() -> None:
    scene = draw(np.zeros((60, 2)))
    site = locate_left_ventricle(scene.signal[:, 20:, 20:], 2.0)
    assert distance(site.centre_rc, CENTRE[0] - 20, CENTRE[1] - 20) < 4


def test_without_a_bolus_the_middle_is_a_guess_and_said_to_be_one() -> None:
    site = locate_left_ventricle(np.full((20, SIZE, SIZE), 50, dtype=np.float32), 2.0)
    assert not site.found
    assert distance(site.centre_rc, (SIZE - 1) / 2, (SIZE - 1) / 2) < 0.01
