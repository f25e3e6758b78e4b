from dataclasses import replace

import numpy as np
import pytest

from analysis.sectors import base_to_apex_axis, display_matrix, standard_view, world_mm
from tests.sectors.hearts import EIGHT, USUAL, heart, orthonormal, reoriented


def test_an_image_stored_in_the_standard_view_is_shown_as_it_is():
    view = standard_view(orthonormal(USUAL))
    assert view.display == ((1, 0), (0, 1))
    assert not view.mirrored
    assert not view.assumed


def test_the_left_edge_of_the_standard_view_is_the_patients_right_and_anterior():
    letters = standard_view(orthonormal(USUAL)).edge_letters
    assert letters["left"][0] == "R"
    assert set(letters["top"]) <= {"A", "H"}
    assert set(letters["bottom"]) <= {"P", "F"}


@pytest.mark.parametrize(("transpose", "rows", "columns"), EIGHT)
def test_every_stored_orientation_is_shown_with_the_same_letters(transpose, rows, columns):
    found = reoriented(heart(), transpose=transpose, flip_rows=rows, flip_columns=columns)
    original, view = standard_view(heart().geometry), standard_view(found.geometry)
    assert view.edge_letters == original.edge_letters
    assert view.mirrored == ((transpose + rows + columns) % 2 == 1)
    a, b, c, d, e, f = display_matrix(view, found.mbf.shape)
    rows_, columns_ = np.indices(found.mbf.shape)
    right, down = a * columns_ + b * rows_ + c, d * columns_ + e * rows_ + f
    shown = np.full(heart().mbf.shape, np.nan)
    shown[down.astype(int), right.astype(int)] = found.mbf
    assert np.array_equal(shown, heart().mbf)


def test_a_slice_without_geometry_is_assumed_to_be_in_the_standard_view():
    view = standard_view(replace(orthonormal(USUAL), assumed=True))
    assert view.assumed
    assert view.edge_letters == {}
    assert [flag.code for flag in view.flags] == ["orientation-assumed"]


def test_a_long_axis_plane_is_not_taken_for_a_short_axis():
    long_axis = replace(
        USUAL, row_direction=(0.66, -0.56, -0.50), column_direction=(0, 0.66, -0.74)
    )
    assert standard_view(orthonormal(long_axis)).assumed


def test_a_slice_order_against_the_patient_coordinates_is_a_doubt():
    basal = orthonormal(USUAL)
    normal = np.cross(basal.row_direction, basal.column_direction)
    toward_apex = -normal
    apical = replace(basal, position_mm=tuple(np.array(basal.position_mm) + 20 * toward_apex))
    right, wrong = base_to_apex_axis(basal, apical), base_to_apex_axis(apical, basal)
    assert not standard_view(basal, base_to_apex=right).assumed
    assert standard_view(basal, base_to_apex=wrong).assumed


def test_two_slices_at_one_place_give_no_axis():
    assert base_to_apex_axis(orthonormal(USUAL), orthonormal(USUAL)) is None


def test_a_point_keeps_its_place_in_the_patient_when_the_image_is_reoriented():
    original = heart()
    before = world_mm(original.contours.lv_centre_rc, original.geometry)
    for transpose, rows, columns in EIGHT:
        moved = reoriented(original, transpose=transpose, flip_rows=rows, flip_columns=columns)
        after = world_mm(moved.contours.lv_centre_rc, moved.geometry)
        assert np.allclose(after, before, atol=1e-9)
