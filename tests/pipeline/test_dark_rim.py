"""Dark rims are told from defects by their time course."""

import numpy as np
import pytest

from analysis.dark_rim import flag_dark_rims, is_dark_rim
from analysis.evaluation.flow_cases import input_curve

TIME_S = 0.8 * np.arange(60)
BLOOD = input_curve(TIME_S - 5.0, "stress")
PEAK_S = TIME_S[BLOOD.argmax()]
SINCE_S = TIME_S - PEAK_S
WALL = 0.12 * np.convolve(BLOOD, np.exp(-TIME_S / 12.0))[:60]
FRAMES = {
    "before": SINCE_S < -8,
    "at_peak": (SINCE_S >= -1.2) & (SINCE_S < 1.8),
    "later": (SINCE_S >= 6) & (SINCE_S < 15),
}


def noisy(curve, level=0.01, seed=0):
    return curve + level * WALL.max() * np.random.default_rng(seed).standard_normal(60)


@pytest.mark.parametrize(
    ("inner", "found"),
    [
        (WALL - 0.1 * BLOOD, True),
        (0.6 * WALL, False),  # a defect stays dark
        (WALL + 0.1 * BLOOD, False),  # pixels that hold some blood
        (WALL, False),
    ],
)
def test_only_what_recovers_with_the_bolus_is_a_rim(inner, found) -> None:
    assert is_dark_rim(noisy(inner), noisy(WALL, seed=1), **FRAMES) is found


def test_noise_alone_is_no_rim() -> None:
    found = [
        is_dark_rim(noisy(WALL, 0.15, seed), noisy(WALL, 0.15, 1000 + seed), **FRAMES)
        for seed in range(200)
    ]
    assert np.mean(found) < 0.02
    assert not is_dark_rim(np.zeros(60), np.zeros(60), **FRAMES)


def test_a_segment_of_an_exam_with_a_rim_is_flagged_and_its_number_stays(analysed_work) -> None:
    work = analysed_work
    part = work.slices[0]
    before = {s.segment: s.mbf for s in part.measurement.segments}
    flag_dark_rims(work)
    assert "dark-rim" not in {flag.code for flag in part.flags}
    segment = 8
    mine = part.measurement.segment_map == segment
    cavity = part.measurement.labels == 1
    rows, columns = np.nonzero(cavity)
    near = np.zeros_like(mine)
    for r, c in zip(*np.nonzero(mine), strict=True):
        near[r, c] = np.hypot(rows - r, columns - c).min() <= 2.0
    blood = np.interp(part.source.time_s, work.aif.time_s, work.aif.gd_mmol_per_l)
    part.gd[:, near] -= (0.35 * blood[:, None]).astype(np.float32)
    flag_dark_rims(work)
    rims = [flag for flag in part.flags if flag.code == "dark-rim"]
    assert [flag.segment for flag in rims] == [segment]
    assert {s.segment: s.mbf for s in part.measurement.segments} == before
