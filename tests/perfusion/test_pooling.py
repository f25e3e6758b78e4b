from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from analysis.domain import FlowMap
from analysis.perfusion import pool_neighbours
from analysis.quality import PixelQuality

SPACING = (2.0, 2.0)
NAMES = ("mbf", "vb", "ps", "visf", "delay")
USUAL = np.array([0.0, np.log(0.09), np.log(1.2), np.log(0.22), 0.6])
TRADE = np.array([1.0, -0.3, -0.8, -0.2, 0.3])
"""Parameters trade places along this direction: along it noise is large, across it small."""


SHARED_PX = 0.8
"""Neighbours share their noise, as interpolated images do."""


def a_map(true_mbf: np.ndarray, *, noise: float, seed: int = 1) -> FlowMap:
    """Fits of a wall (H, W) of true flow as noise would make them."""
    rng = np.random.default_rng(seed)
    shape = true_mbf.shape
    truth = np.broadcast_to(USUAL, (*shape, 5)).copy()
    truth[..., 0] = np.log(true_mbf)
    covariance = noise**2 * np.outer(TRADE, TRADE) + (0.05 * noise) ** 2 * np.eye(5)
    scatter = rng.multivariate_normal(np.zeros(5), covariance, size=shape)
    scatter = ndimage.gaussian_filter(scatter, (SHARED_PX, SHARED_PX, 0), mode="wrap")
    scatter *= np.sqrt(4 * np.pi) * SHARED_PX
    found = truth + scatter
    values = found.copy()
    values[..., :4] = np.exp(found[..., :4])
    images = [values[..., k].astype(np.float32) for k in range(5)]
    errors = [np.full(shape, noise, np.float32) for _ in range(5)]
    return FlowMap(
        model="btex",
        mbf_ml_per_min_per_g=images[0],
        mbf_se=images[0] * np.float32(np.sqrt(covariance[0, 0])),
        vb_ml_per_g=images[1],
        vb_se=errors[1],
        ps_ml_per_min_per_g=images[2],
        ps_se=errors[2],
        visf_ml_per_g=images[3],
        visf_se=errors[3],
        delay_s=images[4],
        delay_se=errors[4],
        residual_rms_mmol_per_l=errors[0],
        quality=np.zeros(shape, np.uint8),
        parameters=NAMES,
        coordinates=found.astype(np.float32),
        covariance=np.broadcast_to(covariance, (*shape, 5, 5)).astype(np.float32),
    )


def test_noise_that_raises_the_mean_of_pixels_is_pooled_away():
    wall = np.ones((40, 40), bool)
    alone = a_map(np.full(wall.shape, 1.2), noise=0.6, seed=2)
    pooled = pool_neighbours(alone, wall, pixel_spacing_mm=SPACING)
    assert alone.mbf_ml_per_min_per_g.mean() > 1.4
    assert pooled.mbf_ml_per_min_per_g.mean() == pytest.approx(1.2, rel=0.06)
    scatter = pooled.mbf_ml_per_min_per_g.std()
    assert scatter < 0.4 * alone.mbf_ml_per_min_per_g.std()


def test_two_thirds_of_pooled_pixels_lie_within_their_error():
    inside = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        true = np.exp(rng.normal(np.log(2.0), 0.15, (24, 24)))
        pooled = pool_neighbours(
            a_map(true, noise=0.4, seed=seed), np.ones((24, 24), bool), pixel_spacing_mm=SPACING
        )
        off = np.abs(pooled.mbf_ml_per_min_per_g - true)
        inside.append(np.mean(off < pooled.mbf_se))
    assert 0.58 < np.mean(inside) < 0.78


def test_a_defect_keeps_its_depth_and_its_edge():
    true = np.full((24, 24), 2.6)
    true[:, :12] = 0.9
    pooled = pool_neighbours(
        a_map(true, noise=0.15), np.ones((24, 24), bool), pixel_spacing_mm=SPACING
    ).mbf_ml_per_min_per_g
    assert pooled[:, :10].mean() == pytest.approx(0.9, rel=0.07)
    assert pooled[:, 14:].mean() == pytest.approx(2.6, rel=0.07)
    assert pooled[:, 12].mean() - pooled[:, 11].mean() > 1.2


def test_without_noise_nothing_moves():
    rng = np.random.default_rng(3)
    true = np.exp(rng.normal(0.5, 0.3, (16, 16)))
    pooled = pool_neighbours(
        a_map(true, noise=1e-3), np.ones((16, 16), bool), pixel_spacing_mm=SPACING
    )
    np.testing.assert_allclose(pooled.mbf_ml_per_min_per_g, true, rtol=0.01)


def test_pixels_outside_the_wall_and_failed_fits_stay_as_they_were():
    alone = a_map(np.full((16, 16), 1.5), noise=0.3)
    quality = alone.quality.copy()
    quality[4, 4], quality[5, 5] = PixelQuality.ON_BOUND, PixelQuality.UNCERTAIN
    mbf = np.where(quality == 0, alone.mbf_ml_per_min_per_g, np.nan).astype(np.float32)
    alone = replace(alone, quality=quality, mbf_ml_per_min_per_g=mbf)
    wall = np.ones((16, 16), bool)
    wall[:, 12:] = False
    pooled = pool_neighbours(alone, wall, pixel_spacing_mm=SPACING)
    assert np.array_equal(pooled.mbf_ml_per_min_per_g[~wall], mbf[~wall])
    assert np.isnan(pooled.mbf_ml_per_min_per_g[4, 4])
    assert pooled.quality[5, 5] == PixelQuality.OK
    assert np.array_equal(np.isfinite(pooled.mbf_ml_per_min_per_g), pooled.quality == 0)


def test_too_few_pixels_are_left_alone():
    alone = a_map(np.full((5, 5), 1.5), noise=0.3)
    assert pool_neighbours(alone, np.ones((5, 5), bool), pixel_spacing_mm=SPACING) is alone
