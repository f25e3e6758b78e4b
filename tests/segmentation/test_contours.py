from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from analysis.domain import Segmentation, SliceGeometry
from analysis.errors import StageFailed
from analysis.sectors import rasterise_labels, slice_wedges
from analysis.segmentation.contours import contours_from

STANDARD = SliceGeometry(
    position_mm=(0.0, 0.0, 0.0),
    row_direction=(1.0, 0.0, 0.0),
    column_direction=(0.0, 1.0, 0.0),
    pixel_spacing_mm=(1.6, 1.6),
    assumed=True,
)
CENTRE = np.array([47.3, 50.8])


def soft(distance_px):
    """Coverage of a pixel whose centre lies this far inside an edge."""
    return np.clip(0.5 + distance_px, 0, 1)


def drawn_heart(*, endo=12.0, epi=19.0, papillary=False, gap=False, bridge=False, rv=True):
    """Probabilities (4, H, W) of a heart in the standard view, radii in pixels."""
    rows, columns = np.mgrid[:100, :104].astype(float)
    down, right = rows - CENTRE[0], columns - CENTRE[1]
    radius, angle = np.hypot(down, right), np.degrees(np.arctan2(-down, right)) % 360
    inner, outer = soft(endo - radius), soft(epi - radius)
    if papillary:
        muscle = soft(3.5 - np.hypot(rows - CENTRE[0] - 8.5, columns - CENTRE[1] - 4))
        inner = np.minimum(inner, 1 - muscle)
    wall = outer - inner
    if gap:
        open_ = (angle > 130) & (angle < 175)
        wall = np.where(open_, 0, wall)
        outer = np.where(open_, inner, outer)
    p = np.zeros((4, 100, 104))
    p[1], p[2] = inner, wall
    if bridge:
        p[2][40:42, 60:100] = 1
        p[2][20:60, 92:100] = 1
        p[1][40:42, 60:70] *= 0
    if rv:
        crescent = np.hypot(rows - CENTRE[0], columns - CENTRE[1] + 13)
        p[3] = np.minimum(soft(19.5 - crescent), 1 - outer) * (angle > 100) * (angle < 260)
    p[0] = np.clip(1 - p[1:].sum(axis=0), 0, 1)
    return p / p.sum(axis=0)


def segmented(p):
    p = p.astype(np.float32)
    return Segmentation(probabilities=p, uncertainty=p[0], model="drawn", model_version="1")


def radii(polygon):
    return np.hypot(*(np.array(polygon) - CENTRE).T)


def test_contours_lie_on_the_edges_within_a_quarter_pixel():
    contours = contours_from(segmented(drawn_heart()), STANDARD)
    assert np.abs(radii(contours.endo_rc) - 12).max() < 0.25
    assert np.abs(radii(contours.epi_rc) - 19).max() < 0.25
    assert np.allclose(contours.lv_centre_rc, CENTRE, atol=0.1)
    assert contours.flags == ()


@pytest.mark.parametrize("blur_px", [0.5, 1.0])
def test_a_network_that_is_unsure_of_the_edge_moves_no_line(blur_px):
    p = ndimage.gaussian_filter(drawn_heart(rv=False), (0, blur_px, blur_px))
    contours = contours_from(segmented(p), STANDARD)
    # What is left is how a blurred disc shrinks: blur^2 / (2 radius), 0.04 and 0.03 pixels here.
    assert radii(contours.endo_rc).mean() == pytest.approx(12, abs=0.08)
    assert radii(contours.epi_rc).mean() == pytest.approx(19, abs=0.08)


def test_pixels_that_are_not_square_keep_the_shape():
    p = ndimage.zoom(drawn_heart(), (1, 0.8, 1), order=1)
    geometry = replace(STANDARD, pixel_spacing_mm=(2.0, 1.6))
    contours = contours_from(segmented(p), geometry)
    scale = (p.shape[1] - 1) / 99
    offset = (np.array(contours.epi_rc) - CENTRE * (scale, 1)) / (scale, 1)
    assert np.abs(np.hypot(*offset.T) - 19).max() < 0.5


def test_papillary_muscles_belong_to_the_cavity():
    contours = contours_from(segmented(drawn_heart(papillary=True)), STANDARD)
    labels = rasterise_labels(contours, (100, 104))
    assert labels[56, 55] == 1
    assert np.abs(radii(contours.endo_rc) - 12).max() < 1.0


def test_holes_and_islands_and_bridges_leave_no_trace():
    p = drawn_heart(bridge=True)
    p[:, 10:14, 10:14] = np.array([0, 0, 1, 0])[:, None, None]
    p[:, 64:66, 50:52] = np.array([1, 0, 0, 0])[:, None, None]
    contours = contours_from(segmented(p), STANDARD)
    assert np.abs(radii(contours.epi_rc) - 19).max() < 2.0


def test_a_slice_without_cavity_has_no_endocardium_and_says_so():
    contours = contours_from(segmented(drawn_heart(endo=1.2)), STANDARD)
    assert contours.endo_rc is None
    assert "no-cavity" in [flag.code for flag in contours.flags]


def test_a_small_cavity_is_kept():
    contours = contours_from(segmented(drawn_heart(endo=2.6)), STANDARD)
    assert contours.endo_rc is not None
    assert np.abs(radii(contours.endo_rc) - 2.6).max() < 0.5


def test_both_contours_run_together_where_the_wall_is_missing():
    contours = contours_from(segmented(drawn_heart(gap=True)), STANDARD)
    endo, epi = np.array(contours.endo_rc), np.array(contours.epi_rc)
    offset = epi - CENTRE
    angle = np.degrees(np.arctan2(-offset[:, 0], offset[:, 1])) % 360
    thickness = np.hypot(*(epi - endo).T)
    assert thickness[(angle > 137) & (angle < 168)].max() < 0.05
    assert thickness[(angle < 115) | (angle > 190)].min() > 6


def test_the_wall_beside_the_outflow_tract_goes_on_to_its_end():
    p = drawn_heart(rv=False)
    down, right = (axis - middle for axis, middle in zip(np.mgrid[:100, :104], CENTRE, strict=True))
    bearing = np.degrees(np.arctan2(-down, right)) % 360
    opening = (bearing > 120) & (bearing < 185)
    p[1] += np.where(opening, p[2], 0)
    p[2][opening] = 0
    contours = contours_from(segmented(p), STANDARD)
    endo, epi = np.array(contours.endo_rc), np.array(contours.epi_rc)
    offset = epi - CENTRE
    angle = np.degrees(np.arctan2(-offset[:, 0], offset[:, 1])) % 360
    thickness = np.hypot(*(epi - endo).T)
    assert thickness[(angle > 130) & (angle < 175)].max() < 0.5
    beside = ((angle > 88) & (angle < 98)) | ((angle > 207) & (angle < 217))
    # A hull over the corners of the opening would leave 5.5 of the seven pixels here.
    assert thickness[beside].min() > 6.5


def test_insertions_are_the_ends_of_the_right_ventricle():
    p = drawn_heart()
    contours = contours_from(segmented(p), STANDARD)
    rows, columns = np.nonzero(p[3] > 0.5)
    near = np.hypot(rows - CENTRE[0], columns - CENTRE[1]) < 21
    angle = np.degrees(np.arctan2(CENTRE[0] - rows[near], columns[near] - CENTRE[1])) % 360
    for point, truth in (
        (contours.rv_insertion_anterior_rc, angle.min()),
        (contours.rv_insertion_inferior_rc, angle.max()),
    ):
        found = np.degrees(np.arctan2(CENTRE[0] - point[0], point[1] - CENTRE[1])) % 360
        assert found == pytest.approx(truth, abs=4)


def test_the_anterior_insertion_follows_patient_coordinates_not_the_image():
    upside_down = replace(
        STANDARD,
        row_direction=(-0.7471, -0.4675, -0.4726),
        column_direction=(-0.0345, -0.6814, 0.7311),
        assumed=False,
    )
    p = drawn_heart()[:, ::-1, ::-1].copy()
    contours = contours_from(segmented(p), upside_down)
    assert contours.rv_insertion_anterior_rc[0] > contours.rv_insertion_inferior_rc[0]
    assert slice_wedges(contours, "mid", upside_down).flags == ()


def test_without_a_right_ventricle_there_is_no_insertion():
    contours = contours_from(segmented(drawn_heart(rv=False)), STANDARD)
    assert contours.rv_insertion_anterior_rc is None
    assert contours.rv_insertion_inferior_rc is None


def test_an_empty_answer_is_no_heart():
    p = np.zeros((4, 60, 60))
    p[0] = 1
    with pytest.raises(StageFailed, match="No left ventricle"):
        contours_from(segmented(p), STANDARD)


@pytest.mark.parametrize("seed", range(4))
def test_noise_never_breaks_a_contour(seed):
    rng = np.random.default_rng(seed)
    noisy = drawn_heart() + rng.gamma(0.3, 0.5, (4, 100, 104))
    p = ndimage.gaussian_filter(noisy, (0, 1, 1))
    contours = contours_from(segmented(p / p.sum(axis=0)), STANDARD)
    for polygon in (contours.endo_rc, contours.epi_rc):
        assert np.isfinite(np.array(polygon)).all()
    labels = rasterise_labels(contours, (100, 104))
    assert ndimage.label(labels > 0)[1] == 1
