"""Blood that an image of finite resolution spills into the wall is seen and taken off."""

import numpy as np
import pytest
from scipy import ndimage

from analysis.perfusion import (
    batch,
    blood_course,
    btex,
    distance_from_cavity,
    region_curves,
    without_spill_over,
)
from analysis.perfusion.input_function import input_function
from tests.perfusion.test_regional import AIF, TIME_S

SIZE, RADIUS, WALL = 48, 10.0, 6.0
SPACING_MM = (1.9, 1.9)
ROWS, COLUMNS = np.indices((SIZE, SIZE)) - SIZE // 2 + 0.0
RADII = np.hypot(ROWS, COLUMNS)
CAVITY = RADII < RADIUS
RING = (RADII >= RADIUS) & (RADII < RADIUS + WALL)
SECTOR = (np.floor((np.arctan2(ROWS, COLUMNS) + np.pi) / (2 * np.pi / 6.0001)) + 1).astype(np.uint8)
SEGMENTS = np.where(RING, SECTOR, 0).astype(np.uint8)
DISTANCE = distance_from_cavity(CAVITY, SPACING_MM)
BEFORE = TIME_S < 4


def tissue(flow: float) -> np.ndarray:
    blood = input_function(AIF, TIME_S, TIME_S, interpolation="cubic")
    return batch.tissue_curves(
        btex, blood, np.array([[*np.log([flow, 0.08, 1.2, 0.25]), 0.8]], np.float32)
    )[0].astype(np.float64)


def heart(flows: np.ndarray, *, blur_px: float, noise: float = 0.0) -> np.ndarray:
    """(T, H, W) mmol/L of a wall with one flow per pixel around saturated blood, blurred."""
    blood = 3.0 * (1 - np.exp(-AIF / 3.0))
    curves = {flow: tissue(flow) for flow in np.unique(flows[RING])}
    frames = np.zeros((TIME_S.size, SIZE, SIZE))
    frames[:, CAVITY] = blood[:, None]
    for flow, curve in curves.items():
        frames[:, RING & (flows == flow)] = curve[:, None]
    if blur_px:
        frames = ndimage.gaussian_filter(frames, (0, blur_px, blur_px))
    rng = np.random.default_rng(3)
    return (frames + noise * rng.standard_normal(frames.shape)).astype(np.float32)


def inner_row(gd: np.ndarray) -> np.ndarray:
    row = RING & (DISTANCE > 2.5) & (DISTANCE <= 4.4)
    return np.asarray(gd[:, row].mean(axis=1))


def cleaned(gd: np.ndarray) -> np.ndarray:
    return without_spill_over(gd, blood_course(gd, CAVITY, BEFORE), SEGMENTS, DISTANCE)


@pytest.mark.parametrize("noise", [0.0, 0.04])
def test_most_of_the_blood_beside_the_cavity_is_taken_off(noise: float) -> None:
    flows = np.full((SIZE, SIZE), 2.0)
    true, gd = (heart(flows, blur_px=blur, noise=noise) for blur in (0.0, 0.9))
    spilt = np.abs(inner_row(gd) - inner_row(true)).max()
    left = np.abs(inner_row(cleaned(gd)) - inner_row(true)).max()
    assert spilt > 0.1 * inner_row(true).max()
    assert left < 0.4 * spilt


def test_a_wall_without_blood_in_it_stays_as_it_is() -> None:
    gd = heart(np.full((SIZE, SIZE), 2.0), blur_px=0.0)
    np.testing.assert_allclose(cleaned(gd), gd, atol=0.01)


def test_a_defect_of_the_inner_wall_is_not_filled_or_deepened() -> None:
    flows = np.full((SIZE, SIZE), 2.0)
    inner = RING & (RADII < RADIUS + 3)
    flows[inner & np.isin(SECTOR, (1, 2))] = 0.6
    gd = heart(flows, blur_px=0.0)
    np.testing.assert_allclose(inner_row(cleaned(gd)), inner_row(gd), atol=0.02)


def test_a_wall_too_thin_to_compare_stays_as_it_is() -> None:
    thin = np.where(RADII < RADIUS + 2, SEGMENTS, 0).astype(np.uint8)
    gd = heart(np.full((SIZE, SIZE), 2.0), blur_px=0.9)
    course = blood_course(gd, CAVITY, BEFORE)
    np.testing.assert_array_equal(without_spill_over(gd, course, thin, DISTANCE), gd)


def test_frames_that_are_left_out_stay_empty_and_harm_nothing() -> None:
    gd = heart(np.full((SIZE, SIZE), 2.0), blur_px=0.9)
    expected = cleaned(gd)
    gd[20] = np.nan
    found = cleaned(gd)
    assert np.isnan(found[20]).all()
    rest = np.arange(TIME_S.size) != 20
    np.testing.assert_allclose(found[rest], expected[rest], atol=0.02)


def test_without_a_cavity_nothing_is_near() -> None:
    assert np.isinf(distance_from_cavity(np.zeros((8, 8), bool), SPACING_MM)).all()
    flat = np.ones((5, 8, 8), np.float32)
    assert not blood_course(flat, flat[0] > 0, np.arange(5) < 2).any()


def test_pixels_beside_blood_stay_out_of_a_curve_where_others_remain() -> None:
    gd = np.zeros((3, 12, 12), np.float32)
    gd[:, :6] = 9.0
    regions = np.ones((12, 12), np.uint8)
    near = np.indices((12, 12))[0] < 6
    mixed = np.zeros((12, 12), bool)
    assert region_curves(gd, TIME_S[:3], regions, mixed, near_blood=near).curves.max() == 0
    everywhere = np.ones((12, 12), bool)
    curves = region_curves(gd, TIME_S[:3], regions, mixed, near_blood=everywhere).curves
    assert curves.max() == pytest.approx(4.5)
