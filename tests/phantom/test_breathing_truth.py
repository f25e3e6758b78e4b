"""The truth of breathing patients: what the slice shows, not what it would show at rest."""

import numpy as np
import pytest

from analysis.constants import LV_CAVITY, MYOCARDIUM
from analysis.phantom import simulate_exam
from analysis.phantom.drawing import READERS, draw_labels, drawn_radii
from analysis.phantom.heart import lv_surfaces, to_polar
from analysis.phantom.imaging import cut_slab
from analysis.phantom.perfusion import sample_pattern
from analysis.phantom.placement import (
    heart_coordinates,
    pixel_points,
    sample_heart_frame,
    short_axis_plane,
)
from analysis.phantom.population import sample_body
from analysis.phantom.render import cut
from analysis.phantom.truth import draw_contours, draw_seen_contours
from analysis.sectors import rasterise_labels

SHAPE = (96, 96)


@pytest.fixture(scope="module")
def patient():
    """Body, the heart's axes and an apical plane, where the heart tapers."""
    rng = np.random.default_rng(3)
    body = sample_body(rng, "standard", kind="normal")
    frame = sample_heart_frame(rng)
    height = 0.72 * body.heart.length_mm
    geometry = short_axis_plane(
        frame, height_mm=height, shape=SHAPE, spacing_mm=(1.5, 1.5), rotation_deg=0.0,
        tilt_deg=(0.0, 0.0), offset_mm=(0.0, 0.0),
    )  # fmt: skip
    return body, frame, geometry, height


def overlap(one, other):
    return 2 * (one & other).sum() / (one.sum() + other.sum())


@pytest.mark.parametrize("moved_mm", [-5.0, 0.0, 5.0])
def test_seen_contours_are_those_of_the_anatomy_in_the_slice(patient, moved_mm: float) -> None:
    body, frame, geometry, height = patient
    seen = draw_seen_contours(
        body.heart, frame, geometry, height_mm=height, moved_mm=moved_mm, convention=READERS
    )
    points = pixel_points(frame, geometry, SHAPE, above_mm=-moved_mm)
    expected = draw_labels(cut(body, *points, softness_mm=1.0), READERS)
    drawn = rasterise_labels(seen, SHAPE)
    for label in (LV_CAVITY, MYOCARDIUM):
        assert overlap(drawn == label, expected == label) > 0.95
    still = draw_contours(body.heart, frame, geometry, height_mm=height, convention=READERS)
    unmoved = rasterise_labels(still, SHAPE)
    same = overlap(unmoved == MYOCARDIUM, drawn == MYOCARDIUM)
    assert same == 1 if moved_mm == 0 else same < 0.95


def test_true_contours_lie_on_the_drawn_surfaces_to_a_twentieth_of_a_millimetre(patient) -> None:
    body, frame, geometry, height = patient
    contours = draw_contours(body.heart, frame, geometry, height_mm=height, convention=READERS)
    for polygon, surface in zip((contours.endo_rc, contours.epi_rc), (0, 1), strict=True):
        x, y, z = heart_coordinates(frame, geometry, *np.array(polygon).T)
        radius, angle = to_polar(body.heart, x, y, z)
        drawn = drawn_radii(*lv_surfaces(body.heart, angle, z), READERS)[surface]
        assert float((radius - drawn).mean()) == pytest.approx(0, abs=0.05)
        assert np.abs(radius - drawn).max() < 0.2


def test_the_images_show_the_layer_that_the_truth_is_drawn_in(patient) -> None:
    body, frame, geometry, _ = patient
    flow = sample_pattern(np.random.default_rng(1), stress=False, defects=())
    slab = cut_slab(
        body, frame, geometry, (8, 8), flow=flow, levels=np.array([0.5, 2.0]), reach_mm=8.0
    )
    for moved in (-6.0, 0.0, 6.0):
        assert float(slab.weights(moved) @ slab.above_mm) == pytest.approx(-moved, abs=0.3)


def test_input_function_pools_are_labelled_where_they_are_bright() -> None:
    exam = simulate_exam(
        14, conditions=("rest",), positions=("basal",), sequence="dual", breathing="free", snr=60.0
    )
    aif = exam.acquisitions[0].aif
    assert aif is not None
    frames = aif.signal[0][~aif.is_pd].astype(float)
    pool = aif.labels == LV_CAVITY
    enhancement = frames - frames[:3].mean(axis=0)
    course = enhancement[:, pool].mean(axis=1)
    seen = np.median(enhancement[course > 0.6 * course.max()], axis=0)
    inside = np.percentile(seen[pool], 80)
    near = np.zeros_like(pool)
    rows, columns = np.nonzero(pool)
    near[rows.min() - 1 : rows.max() + 2, columns.min() - 1 : columns.max() + 2] = True
    assert overlap(pool, (seen > 0.6 * inside) & near) > 0.85
