from dataclasses import replace

import numpy as np
import pytest

from analysis.config import PipelineConfig
from analysis.cross_checks import acquisition_doubts, exam_doubts, global_of
from analysis.pipeline import analyse
from analysis.sectors import SliceMaps, measure_slice
from analysis.work import AcquisitionWork, SliceWork
from tests.sectors.hearts import heart


def measured_work(exam, condition, *, flow, rate=None, offset_rc=(0.0, 0.0), positions=("mid",)):
    """An acquisition whose slices are the drawn heart of tests/sectors with one flow everywhere."""
    drawn = heart()
    source = exam.acquisitions[0]
    parts = []
    for number, position in enumerate(positions):
        moved = tuple(
            (row + offset_rc[0] * number, column + offset_rc[1] * number)
            for row, column in drawn.contours.epi_rc
        )
        centre = tuple(
            c + o * number for c, o in zip(drawn.contours.lv_centre_rc, offset_rc, strict=True)
        )
        contours = replace(drawn.contours, epi_rc=moved, lv_centre_rc=centre)
        piece = replace(source.slices[0], position=position, geometry=drawn.geometry)
        part = SliceWork(key=f"{condition}_{number}", source=piece, contours=contours)
        part.measurement = measure_slice(
            contours,
            SliceMaps(mbf=np.full(drawn.mbf.shape, flow, dtype=np.float32)),
            position=position,
            geometry=drawn.geometry,
        )
        parts.append(part)
    acquisition = replace(source, condition=condition, heart_rate_bpm=rate)
    return AcquisitionWork(key=condition, source=acquisition, slices=parts)


def codes(flags):
    return [flag.code for flag in flags]


def test_more_flow_at_rest_asks_whether_conditions_are_swapped(single):
    stress = measured_work(single.exam, "stress", flow=0.9)
    rest = measured_work(single.exam, "rest", flow=2.0)
    assert codes(exam_doubts([stress, rest])) == ["conditions-swapped"]
    assert "2.00 ml/min/g" in exam_doubts([stress, rest])[0].message


def test_swapped_labels_of_a_simulated_exam_are_noticed(dual):
    other = {"stress": "rest", "rest": "stress"}
    swapped = tuple(
        replace(a, condition=other[a.condition], heart_rate_bpm=None)
        for a in dual.exam.acquisitions
    )
    result = analyse(
        replace(dual.exam, acquisitions=swapped), config=PipelineConfig(second_motion_pass=False)
    )
    assert "conditions-swapped" in [flag["code"] for flag in result.document["flags"]]


def test_a_second_slice_at_one_position_does_not_count_twice(single):
    work = measured_work(single.exam, "stress", flow=2.0, positions=("mid", "mid"))
    acquisition_doubts(work)
    assert codes(work.slices[0].flags) == []
    assert codes(work.slices[1].flags) == ["position-repeated"]
    assert global_of(work).segments == 6
    assert global_of(work).mbf == pytest.approx(2.0)


def test_a_centre_far_beside_the_others_is_doubted(single):
    near = measured_work(
        single.exam, "rest", flow=1.0, positions=("basal", "mid", "apical"), offset_rc=(2.0, 3.0)
    )
    acquisition_doubts(near)
    assert not any(part.flags for part in near.slices)
    far = measured_work(
        single.exam, "rest", flow=1.0, positions=("basal", "mid", "apical"), offset_rc=(0.0, 30.0)
    )
    acquisition_doubts(far)
    assert codes(far.slices[2].flags) == ["centre-off-axis"]
