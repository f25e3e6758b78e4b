"""A slice that does not look or behave like a heart is doubted, and the reason is the true one."""

import numpy as np
import pytest

from analysis.uncertainty import doubt_from, evidence

SPACING = (2.0, 2.0)
TIME_S = 0.8 * np.arange(60)


def heart(gap_deg=0.0, squashed=1.0):
    """Probabilities (4, H, W) of a ring around a cavity with a right ventricle beside it."""
    rows, columns = np.mgrid[:80, :80] - 40.0
    radius = np.hypot(rows * squashed, columns / squashed) * 2
    angle = np.degrees(np.arctan2(rows, columns)) % 360
    labels = np.select([radius < 18, radius < 28], [1, 2], 0)
    labels[(labels == 2) & (angle < gap_deg)] = 0
    labels[(radius > 30) & (np.hypot(rows, columns + 24) * 2 < 24)] = 3
    return np.stack([labels == n for n in range(4)]).astype(np.float32)


def bolus(late_s, height):
    return height * np.exp(-0.5 * ((TIME_S - 16 - late_s) / 4) ** 2)


def passage(probabilities, rng, *, noise=0.02, wall_late_s=4.0, cavity=1.0):
    curves = np.stack(
        [np.zeros(60), bolus(0, cavity), bolus(wall_late_s, 0.3 * cavity), bolus(-5, cavity)]
    )
    series = 0.2 + np.einsum("nt,nhw->thw", curves, probabilities)
    return (series + rng.normal(0, noise, series.shape)).astype(np.float32)


def judge(probabilities, series, um=0.02):
    um = np.where(probabilities[2] > 0.5, um, 0.0).astype(np.float32)
    return doubt_from(evidence(series, TIME_S, probabilities, um, pixel_spacing_mm=SPACING))


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_a_heart_that_fills_and_empties_is_not_doubted(rng) -> None:
    shape = heart()
    assert not judge(shape, passage(shape, rng)).doubtful


def test_the_gain_of_the_scanner_does_not_matter(rng) -> None:
    shape = heart()
    series = passage(shape, rng)
    assert judge(shape, 900 * series).value == pytest.approx(judge(shape, series).value, rel=1e-4)


def test_a_half_open_ring_that_is_not_round_is_doubted(rng) -> None:
    shape = heart(gap_deg=200, squashed=1.5)
    found = judge(shape, passage(shape, rng), um=0.08)
    assert found.doubtful
    assert found.reason in ("ring", "compact")


def test_frames_that_jump_are_doubted_as_such(rng) -> None:
    shape = heart()
    steps = np.rint(rng.normal(0, 3, (60, 2))).astype(int)
    still = passage(shape, rng)
    jumping = np.stack([np.roll(f, tuple(s), (0, 1)) for f, s in zip(still, steps, strict=True)])
    found = judge(shape, jumping, um=0.08)
    assert found.doubtful
    assert found.in_words == "the frames jump or are noise"


def test_a_series_without_contrast_is_doubted_as_such(rng) -> None:
    shape = heart()
    found = judge(shape, passage(shape, rng, cavity=0.0))
    assert found.doubtful
    assert found.reason in ("bolus", "steadiness")


def test_nothing_found_is_the_strongest_doubt(rng) -> None:
    nothing = np.zeros((4, 80, 80), np.float32)
    nothing[0] = 1
    assert judge(nothing, passage(heart(), rng)).value > 0.99


def test_looks_that_contradict_each_other_raise_doubt(rng) -> None:
    shape = heart()
    series = passage(shape, rng)
    sure, unsure = judge(shape, series), judge(shape, series, um=0.4)
    assert unsure.value > sure.value
    assert unsure.reason == "agreement"
