import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.domain import SliceContours
from analysis.sectors import polygon_centroid, polygon_mask, rasterise_labels
from tests.sectors.hearts import heart


def test_a_pixel_belongs_to_a_polygon_where_its_centre_lies_inside():
    square = ((0.5, 1.5), (0.5, 4.5), (3.5, 4.5), (3.5, 1.5))
    mask = polygon_mask(square, (6, 7))
    expected = np.zeros((6, 7), dtype=bool)
    expected[1:4, 2:5] = True
    assert np.array_equal(mask, expected)


def test_a_self_crossing_polygon_follows_the_even_odd_rule():
    outer = [(0, 0), (0, 10), (10, 10), (10, 0)]
    inner = [(3, 3), (3, 7), (7, 7), (7, 3)]
    mask = polygon_mask((*outer, outer[0], inner[0], *inner[1:], inner[0]), (11, 11))
    assert not mask[5, 5]
    assert mask[1, 5]


def test_the_area_of_a_large_circle_is_right_within_one_percent():
    angles = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    circle = tuple(zip(50.3 + 30 * np.sin(angles), 49.8 + 30 * np.cos(angles), strict=True))
    assert abs(polygon_mask(circle, (100, 100)).sum() / (np.pi * 900) - 1) < 0.01


def test_a_polygon_partly_outside_the_image_is_cut_at_its_border():
    mask = polygon_mask(((-5.0, -5.0), (-5.0, 3.2), (2.2, 3.2), (2.2, -5.0)), (6, 6))
    assert mask.sum() == 12
    assert mask[:3, :4].all()


def test_a_polygon_with_two_points_encloses_nothing():
    assert not polygon_mask(((0.0, 0.0), (5.0, 5.0)), (6, 6)).any()


def test_without_a_cavity_all_inside_the_epicardium_is_myocardium():
    contours = heart().contours
    closed = SliceContours(
        endo_rc=None,
        epi_rc=contours.epi_rc,
        rv_insertion_anterior_rc=None,
        rv_insertion_inferior_rc=None,
        lv_centre_rc=contours.lv_centre_rc,
    )
    open_labels, closed_labels = (rasterise_labels(c, (96, 112)) for c in (contours, closed))
    assert set(np.unique(open_labels)) == {0, 1, 2}
    assert np.array_equal(closed_labels == 2, open_labels > 0)


def test_the_centroid_of_a_polygon_does_not_depend_on_where_its_points_crowd():
    crowded = [(0.0, y / 10) for y in range(40)] + [(0.0, 4.0), (4.0, 4.0), (4.0, 0.0)]
    assert np.allclose(polygon_centroid(tuple(crowded)), (2.0, 2.0))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-5, 25), st.floats(-5, 25)), min_size=3, max_size=12, unique=True)
)
def test_any_polygon_agrees_with_counting_crossings_pixel_by_pixel(points):
    mask = polygon_mask(tuple(points), (20, 20))
    following = points[1:] + points[:1]
    for row in range(0, 20, 3):
        for column in range(0, 20, 3):
            inside = False
            for (r0, c0), (r1, c1) in zip(points, following, strict=True):
                crosses = (r0 <= row) != (r1 <= row)
                if crosses and column < c0 + (row - r0) / (r1 - r0) * (c1 - c0):
                    inside = not inside
            assert mask[row, column] == inside
