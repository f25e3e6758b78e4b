from dataclasses import replace

import numpy as np
import pytest

from analysis.constants import SEGMENTS_OF_POSITION
from analysis.sectors import rasterise_segments, segment_outlines, slice_wedges
from analysis.sectors.raster import polygon_mask, rasterise_labels
from tests.sectors.hearts import EIGHT, USUAL, heart, reoriented

SHAPE = (96, 112)


def segment_of(found, position, past_deg, **options):
    """The segment of the myocardial pixel nearest to an angle past the insertion."""
    segments = rasterise_segments(found.contours, position, SHAPE, found.geometry, **options)
    distance = np.abs((found.past_insertion_deg - past_deg + 180) % 360 - 180)
    distance[segments == 0] = 999
    return segments.flat[np.argmin(distance)]


@pytest.mark.parametrize(
    ("past_deg", "basal"), [(30, 2), (90, 3), (150, 4), (210, 5), (270, 6), (330, 1)]
)
def test_basal_and_mid_wedges_follow_the_insertion_counter_clockwise(past_deg, basal):
    assert segment_of(heart(), "basal", past_deg) == basal
    assert segment_of(heart(), "mid", past_deg) == basal + 6


@pytest.mark.parametrize(
    ("past_deg", "apical"), [(8, 13), (20, 14), (110, 15), (200, 16), (300, 13)]
)
def test_apical_wedges_start_fifteen_degrees_past_the_insertion(past_deg, apical):
    assert segment_of(heart(), "apical", past_deg) == apical


def test_apical_wedges_can_start_at_the_insertion():
    assert segment_of(heart(), "apical", 8, apical_rule="at-insertion") == 14


@pytest.mark.parametrize("position", ["basal", "mid", "apical"])
def test_wedges_are_equal_and_cover_the_whole_wall(position):
    found = heart()
    segments = rasterise_segments(found.contours, position, SHAPE, found.geometry)
    wall = rasterise_labels(found.contours, SHAPE) == 2
    assert np.array_equal(segments > 0, wall)
    counts = np.array([(segments == s).sum() for s in SEGMENTS_OF_POSITION[position]])
    assert np.all(np.abs(counts / counts.mean() - 1) < 0.03)


@pytest.mark.parametrize("position", ["basal", "apical"])
@pytest.mark.parametrize("spacing", [(1.4, 1.4), (1.1, 1.9)])
@pytest.mark.parametrize(("transpose", "rows", "columns"), EIGHT)
def test_flipped_and_turned_slices_keep_their_segments(position, spacing, transpose, rows, columns):
    original = heart(geometry=replace(USUAL, pixel_spacing_mm=spacing), epi_mm=30)
    found = reoriented(original, transpose=transpose, flip_rows=rows, flip_columns=columns)
    segments = rasterise_segments(found.contours, position, found.mbf.shape, found.geometry)
    expected = rasterise_segments(original.contours, position, SHAPE, original.geometry)
    back = segments[:, ::-1] if columns else segments
    back = back[::-1] if rows else back
    back = back.T if transpose else back
    assert np.array_equal(back, expected)


def test_without_a_header_a_mirrored_slice_keeps_septum_and_says_orientation_assumed():
    mirrored = reoriented(heart(), transpose=False, flip_rows=False, flip_columns=True)
    geometry = replace(mirrored.geometry, assumed=True)
    wedges = slice_wedges(mirrored.contours, "mid", geometry)
    assert [flag.code for flag in wedges.flags] == ["orientation-assumed"]
    assert wedges.direction == -1
    segments = rasterise_segments(mirrored.contours, "mid", mirrored.mbf.shape, geometry)
    septal = mirrored.past_insertion_deg[np.isin(segments, (8, 9))]
    assert septal.min() >= 0
    assert septal.max() < 121


def test_an_rv_on_the_wrong_side_contradicts_the_header():
    found = heart()
    swapped = replace(
        found.contours,
        rv_insertion_anterior_rc=found.contours.rv_insertion_inferior_rc,
        rv_insertion_inferior_rc=found.contours.rv_insertion_anterior_rc,
    )
    codes = [flag.code for flag in slice_wedges(swapped, "mid", found.geometry).flags]
    assert codes == ["orientation-assumed"]


def test_a_missing_insertion_is_said_and_the_image_orientation_is_used():
    found = heart(insertion_deg=120.0)
    without = replace(found.contours, rv_insertion_anterior_rc=None)
    wedges = slice_wedges(without, "mid", found.geometry)
    assert [flag.code for flag in wedges.flags] == ["insertion-not-found"]
    with_insertion = slice_wedges(found.contours, "mid", found.geometry)
    assert wedges.start_deg == pytest.approx(with_insertion.start_deg)


def test_outlines_enclose_the_pixels_of_their_segment():
    found = heart()
    wedges = slice_wedges(found.contours, "mid", found.geometry)
    segments = rasterise_segments(found.contours, "mid", SHAPE, found.geometry)
    for segment, outline in segment_outlines(found.contours, wedges).items():
        drawn = polygon_mask(outline.polygon_rc, SHAPE)
        assert (drawn ^ (segments == segment)).sum() <= 0.03 * drawn.sum()
        assert segments[tuple(np.round(outline.label_rc).astype(int))] == segment
