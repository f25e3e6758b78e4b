from dataclasses import replace

import pytest

from analysis.domain import SliceGeometry
from analysis.reserve_rules import (
    FlowValue,
    Method,
    method_mismatch,
    perfusion_reserve,
    perfusion_reserve_index,
    plane_mismatch,
)

PLANE = SliceGeometry(
    position_mm=(0.0, 0.0, 0.0),
    row_direction=(1.0, 0.0, 0.0),
    column_direction=(0.0, 1.0, 0.0),
    pixel_spacing_mm=(1.9, 1.9),
    thickness_mm=8.0,
    frame_of_reference_uid="1.2.3",
)
METHOD = Method(
    model="btex", conversion="lut", agent="gadobutrol", sequence="dual", tissue_density_g_per_ml=1.0
)


def test_the_reserve_is_the_ratio_of_means_with_relative_errors_in_quadrature() -> None:
    reserve = perfusion_reserve(
        FlowValue(mbf_ml_per_min_per_g=3.0, standard_error=0.3, common_error=0.24),
        FlowValue(mbf_ml_per_min_per_g=1.0, standard_error=0.1, common_error=0.08),
    )
    assert reserve.value == pytest.approx(3.0)
    assert reserve.standard_error == pytest.approx(3 * 0.02**0.5)
    assert reserve.common_error == pytest.approx(3 * 0.08 * 2**0.5)


@pytest.mark.parametrize(
    ("stress", "rest", "words"),
    [
        (FlowValue(mbf_ml_per_min_per_g=None), FlowValue(mbf_ml_per_min_per_g=1.0), "stress"),
        (FlowValue(mbf_ml_per_min_per_g=2.0), FlowValue(mbf_ml_per_min_per_g=None), "rest"),
        (FlowValue(mbf_ml_per_min_per_g=2.0), FlowValue(mbf_ml_per_min_per_g=0.19), "below 0.2"),
        (
            FlowValue(mbf_ml_per_min_per_g=2.0),
            FlowValue(mbf_ml_per_min_per_g=1.0, flagged=True),
            "flagged",
        ),
        (
            FlowValue(mbf_ml_per_min_per_g=float("nan")),
            FlowValue(mbf_ml_per_min_per_g=1.0),
            "missing",
        ),
    ],
)
def test_without_two_usable_flows_there_is_no_reserve_but_a_reason(stress, rest, words) -> None:
    reserve = perfusion_reserve(stress, rest)
    assert reserve.value is None
    assert words in (reserve.reason or "")


def test_a_mismatch_empties_the_reserve() -> None:
    one = FlowValue(mbf_ml_per_min_per_g=1.0)
    assert perfusion_reserve(one, one, mismatch="tilted").reason == "tilted"


def test_methods_must_be_equal() -> None:
    assert method_mismatch(METHOD, METHOD) is None
    for name, value in (("model", "fermi"), ("agent", "gadoterate"), ("conversion", "none")):
        assert name in (method_mismatch(METHOD, replace(METHOD, **{name: value})) or "")


def test_planes_must_match_in_frame_distance_and_tilt() -> None:
    assert plane_mismatch(PLANE, PLANE) is None
    assert plane_mismatch(PLANE, replace(PLANE, position_mm=(30.0, 0.0, 3.9))) is None
    assert "apart" in (plane_mismatch(PLANE, replace(PLANE, position_mm=(0.0, 0.0, 4.1))) or "")
    assert "frames" in (plane_mismatch(PLANE, replace(PLANE, frame_of_reference_uid="9")) or "")
    assert "known" in (plane_mismatch(PLANE, replace(PLANE, assumed=True)) or "")
    tilted = replace(PLANE, column_direction=(0.0, 0.9781476, 0.2079117))
    assert "tilted by 12" in (plane_mismatch(PLANE, tilted) or "")
    flipped = replace(PLANE, row_direction=(-1.0, 0.0, 0.0))
    assert plane_mismatch(PLANE, flipped) is None


def test_the_reserve_index_needs_two_upslopes() -> None:
    assert perfusion_reserve_index(0.3, 0.15) == pytest.approx(2.0)
    assert perfusion_reserve_index(0.3, 0.0) is None
    assert perfusion_reserve_index(float("nan"), 0.1) is None
