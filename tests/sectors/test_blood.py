import numpy as np

from analysis.quality import PixelQuality
from analysis.sectors import pixels_of_blood, rasterise_labels, standard_view
from tests.sectors.hearts import heart


def scene(*, noise=0.12, seed=1):
    """A heart with flow 1 and log-normal noise, its labels and view."""
    found = heart()
    labels = rasterise_labels(found.contours, found.mbf.shape)
    rng = np.random.default_rng(seed)
    mbf = np.exp(noise * rng.standard_normal(found.mbf.shape)).astype(np.float32)
    return found, labels, mbf, standard_view(found.geometry)


def marked(found, labels, mbf, view, quality=None):
    quality = np.zeros(mbf.shape, np.uint8) if quality is None else quality
    return pixels_of_blood(mbf, quality, labels, found.contours.lv_centre_rc, view)


def border(found, labels):
    return (labels == 2) & (found.depth < 0.12)


def test_border_pixels_with_the_flow_of_blood_are_told():
    found, labels, mbf, view = scene()
    contaminated = border(found, labels) & (np.arange(mbf.shape[1]) % 3 == 0)
    mbf[contaminated] *= 3
    blood = marked(found, labels, mbf, view)
    assert blood[contaminated].mean() > 0.95
    assert blood[(labels == 2) & ~contaminated].mean() < 0.02


def test_noise_alone_loses_hardly_a_pixel():
    found, labels, mbf, view = scene()
    assert marked(found, labels, mbf, view).sum() < 0.01 * (labels == 2).sum()


def test_healthy_wall_beside_a_defect_is_not_blood():
    found, labels, mbf, view = scene()
    mbf[found.past_insertion_deg < 200] *= 0.25
    blood = marked(found, labels, mbf, view)
    assert blood[labels == 2].mean() < 0.02


def test_a_defect_is_never_left_out():
    found, labels, mbf, view = scene()
    defect = border(found, labels) & (found.past_insertion_deg < 90)
    mbf[defect] *= 0.2
    assert not marked(found, labels, mbf, view)[defect].any()


def test_high_flow_in_the_middle_of_the_wall_is_kept():
    found, labels, mbf, view = scene()
    middle = (labels == 2) & (np.abs(found.depth - 0.5) < 0.1)
    mbf[middle] *= 3
    assert not marked(found, labels, mbf, view)[middle].any()


def test_a_wall_too_thin_to_have_a_middle_is_left_alone():
    found = heart(endo_mm=30.0, epi_mm=33.0)
    labels = rasterise_labels(found.contours, found.mbf.shape)
    view = standard_view(found.geometry)
    mbf = np.where(labels == 2, 1.0, np.nan).astype(np.float32)
    assert not marked(found, labels, mbf, view).any()


def test_an_empty_map_has_no_blood():
    found, labels, mbf, view = scene()
    assert not marked(found, labels, np.full_like(mbf, np.nan), view).any()


def test_a_fit_on_a_bound_is_blood_beside_the_cavity_and_stays_on_a_bound_elsewhere():
    found, labels, mbf, view = scene()
    bound = (labels == 2) & (np.arange(mbf.shape[1]) % 4 == 0)
    mbf[bound] = np.nan
    quality = np.where(bound, PixelQuality.ON_BOUND, PixelQuality.OK).astype(np.uint8)
    blood = marked(found, labels, mbf, view, quality)
    assert blood[bound & border(found, labels)].all()
    assert not blood[bound & (np.abs(found.depth - 0.7) < 0.1)].any()


def test_a_wall_too_broken_to_compare_with_keeps_its_pixels():
    found, labels, mbf, view = scene()
    holes = (labels == 2) & (np.add.outer(np.arange(96), np.arange(112)) % 23 > 0)
    mbf[holes] = np.nan
    assert not marked(found, labels, mbf, view)[labels == 2].any()
