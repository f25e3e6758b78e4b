"""Flow of regions from their median curves, against curves whose flow is known."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.evaluation.flow_cases import input_curve
from analysis.perfusion import batch, btex, fit_regions, map_flow, region_curves
from analysis.perfusion.input_function import input_function
from analysis.perfusion.pooling import follow_regions
from analysis.perfusion.regional import RegionCurves
from tests.perfusion.test_pooling import SPACING, a_map

TIME_S = 0.8 * np.arange(60)
AIF = input_curve(TIME_S - 5.0, "stress")
PIXELS = 64


def wall_of(flows, *, noise, vb=0.09, seed=0, pixels=PIXELS):
    """A wall (T, rows, columns) with one region of noisy pixels per flow, and its numbers."""
    blood = input_function(AIF, TIME_S, TIME_S, interpolation="cubic")
    usual = np.log([1.0, vb, 1.4, 0.25])
    coordinates = np.array([[np.log(f), *usual[1:], 0.8] for f in flows], np.float32)
    curves = batch.tissue_curves(btex, blood, coordinates)
    rng = np.random.default_rng(seed)
    gd = np.repeat(curves.T[:, :, None], pixels, axis=2)
    gd = gd + noise * rng.standard_normal(gd.shape)
    regions = np.repeat(np.arange(1, len(flows) + 1, dtype=np.uint8)[:, None], pixels, axis=1)
    return gd.astype(np.float32), regions


def regional(gd, regions, *, mixed=None):
    mixed = np.zeros(regions.shape, bool) if mixed is None else mixed
    found = fit_regions([region_curves(gd, TIME_S, regions, mixed)], AIF, TIME_S)
    return np.array([region.mbf for region in found[0].values()])


def test_noise_that_raises_the_mean_of_pixels_leaves_the_regions_right() -> None:
    true = np.array([0.9, 1.1, 1.3, 1.0, 1.2, 1.4])
    gd, regions = wall_of(true, noise=0.07)
    by_pixels = np.nanmean(map_flow(gd, AIF, time_s=TIME_S).mbf_ml_per_min_per_g, axis=1)
    assert by_pixels.mean() > 1.08 * true.mean()
    found = regional(gd, regions)
    assert found.mean() == pytest.approx(true.mean(), rel=0.04)
    assert np.abs(found / true - 1).max() < 0.12


def test_one_defect_among_healthy_regions_keeps_its_depth() -> None:
    true = np.array([2.2, 2.4, 0.6, 2.3, 2.1, 2.2])
    found = regional(*wall_of(true, noise=0.05))
    assert found[2] == pytest.approx(0.6, rel=0.1)
    assert np.delete(found, 2).mean() == pytest.approx(2.24, rel=0.1)


def test_a_curve_that_tells_little_is_told_by_the_others() -> None:
    """Four pixels of high flow run away alone; eight other regions hold them."""
    true = np.full(9, 3.0)
    alone, together = [], []
    for seed in range(5):
        gd, regions = wall_of(true, noise=0.06, seed=seed)
        few, number = wall_of([3.0], noise=0.06, seed=100 + seed, pixels=4)
        gd[:, :1, :4] = few
        regions[0, 4:] = 0
        together.append(regional(gd, regions)[0])
        alone.append(regional(few, number)[0])
    assert np.std(together) < 0.5 * np.std(alone)


def test_a_curve_without_noise_is_not_believed_to_the_last_percent() -> None:
    gd, regions = wall_of([1.0, 1.2, 1.4, 1.6], noise=0.0)
    mixed = np.zeros(regions.shape, bool)
    (found,) = fit_regions([region_curves(gd, TIME_S, regions, mixed)], AIF, TIME_S)
    for region, true in zip(found.values(), (1.0, 1.2, 1.4, 1.6), strict=True):
        assert region.mbf == pytest.approx(true, rel=0.06)
        assert 0.01 < region.mbf_se / region.mbf < 0.2


def test_pixels_of_blood_do_not_move_a_region() -> None:
    gd, regions = wall_of([1.5] * 5, noise=0.03)
    spoiled = gd.copy()
    spoiled[:, :, :16] += 0.5 * AIF[:, None, None].astype(np.float32)
    mixed = np.zeros(regions.shape, bool)
    mixed[:, :8] = True
    assert regional(spoiled, regions, mixed=mixed) == pytest.approx(regional(gd, regions), rel=0.15)


def test_the_edge_of_the_wall_is_left_out_where_the_core_is_large_enough() -> None:
    gd, regions = wall_of([1.5], noise=0.0, pixels=9)
    tall = np.repeat(gd.reshape(len(TIME_S), 1, 9), 9, axis=1)
    tall[:, [0, -1], :] = tall[:, :, [0, -1]] = 5.0
    found = region_curves(tall, TIME_S, np.ones((9, 9), np.uint8), np.zeros((9, 9), bool))
    np.testing.assert_array_equal(found.curves[0], gd[:, 0, 0])


def test_frames_and_slices_that_cannot_be_used_are_left_out() -> None:
    gd, regions = wall_of([1.2] * 4, noise=0.02)
    gd[7] = np.nan
    nothing = RegionCurves(numbers=(1,), curves=np.full((1, 60), np.nan, np.float32), time_s=TIME_S)
    curves = region_curves(gd, TIME_S, regions, np.zeros(regions.shape, bool))
    found = fit_regions([nothing, curves], AIF, TIME_S)
    assert found[0] == {}
    assert [region.mbf for region in found[1].values()] == pytest.approx([1.2] * 4, rel=0.06)


def test_a_region_of_blood_alone_has_no_curve() -> None:
    gd, regions = wall_of([1.5] * 3, noise=0.02, pixels=12)
    mixed = np.zeros(regions.shape, bool)
    mixed[1, 3:] = True
    assert region_curves(gd, TIME_S, regions, mixed).numbers == (1, 3)


def test_a_map_takes_its_level_from_the_regions_and_keeps_its_detail() -> None:
    rng = np.random.default_rng(4)
    true = np.exp(rng.normal(0.3, 0.2, (20, 20)))
    alone = a_map(true, noise=1e-3)
    regions = np.repeat(np.repeat([[1, 2], [3, 0]], 10, axis=0), 10, axis=1).astype(np.uint8)
    wanted = {1: 1.0, 2: 1.3}
    found = follow_regions(alone, regions, wanted, pixel_spacing_mm=SPACING)
    mbf, before = found.mbf_ml_per_min_per_g, alone.mbf_ml_per_min_per_g
    assert mbf[regions == 1].mean() == pytest.approx(1.0, rel=0.02)
    assert mbf[regions == 2].mean() == pytest.approx(1.3, rel=0.02)
    assert np.array_equal(mbf[regions == 0], before[regions == 0])
    corner = np.s_[:5, :5]
    detail = np.corrcoef(mbf[corner].ravel(), before[corner].ravel())[0, 1]
    assert detail > 0.99
    np.testing.assert_allclose(found.mbf_se / mbf, alone.mbf_se / before, rtol=1e-5)
    assert np.abs(np.diff(np.log(mbf / before)[:10, :], axis=1)).max() < 0.1  # no step at a border


def test_a_map_without_regions_stays_as_it_is() -> None:
    alone = a_map(np.ones((8, 8)), noise=0.1)
    nowhere = np.zeros((8, 8), np.uint8)
    assert follow_regions(alone, nowhere, {1: 2.0}, pixel_spacing_mm=SPACING) is alone
    empty = replace(alone, mbf_ml_per_min_per_g=np.full((8, 8), np.nan, np.float32))
    assert follow_regions(empty, nowhere + 1, {1: 2.0}, pixel_spacing_mm=SPACING) is empty
