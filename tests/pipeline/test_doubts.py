"""Each doubt is said once, where it belongs; a slice that cannot be used says why."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.config import PipelineConfig
from analysis.cross_checks import LARGEST_CLOCK_DIFFERENCE_S, acquisition_doubts
from analysis.doubts import acquisition_flags, input_flags, segment_flags, slice_flags
from analysis.layout import lay_out
from analysis.pipeline import analyse
from analysis.quality import Flag, FrameStatus

FAST = PipelineConfig(second_motion_pass=False)


def flag(code, message="Something is odd."):
    return Flag(code=code, message=message)


def codes(flags):
    return [found.code for found in flags]


def work_of(exam, *slice_flags_):
    """The stress acquisition laid out with one copy of its slice for each tuple of flags."""
    stress = next(a for a in exam.acquisitions if a.condition == "stress")
    slices = tuple(replace(stress.slices[0], flags=flags) for flags in slice_flags_)
    (work,) = lay_out(replace(exam, acquisitions=(replace(stress, slices=slices),)), FAST)
    return work


def test_what_all_slices_say_of_their_images_is_said_once_of_the_acquisition(dual):
    shared, own = flag("time-gap", "The series has a gap of 6.1 s."), flag("frames-missing")
    work = work_of(dual.exam, (shared, own), (shared,), (shared,))
    found = {f.code: f.message for f in acquisition_flags(work)}
    assert found["time-gap"] == "The series has a gap of 6.1 s (all 3 slices)."
    assert [codes(slice_flags(part, work)) for part in work.slices] == [["frames-missing"], [], []]


def test_what_one_slice_alone_has_to_say_stays_with_it(dual):
    work = work_of(dual.exam, (flag("time-gap"),))
    assert "time-gap" not in codes(acquisition_flags(work))
    assert codes(slice_flags(work.slices[0], work)) == ["time-gap"]


def test_a_doubt_that_a_new_contour_answers_stays_with_every_slice(dual):
    work = work_of(dual.exam, (), ())
    for part in work.slices:
        part.flags.append(flag("out-of-distribution"))
    assert "out-of-distribution" not in codes(acquisition_flags(work))
    assert all(codes(slice_flags(p, work)) == ["out-of-distribution"] for p in work.slices)


def test_doubts_about_the_images_of_the_input_function_stand_beside_it(analysed_work):
    work = analysed_work
    images = work.source.aif
    assumed = (flag("echo-times-assumed"), flag("agent-assumed"))
    work.source = replace(
        work.source,
        aif=replace(
            images,
            flags=(flag("frames-saturated"),),
            protocol=replace(images.protocol, assumptions=assumed),
        ),
    )
    assert {"frames-saturated", "echo-times-assumed", "agent-assumed"} <= set(
        codes(input_flags(work, work.aif))
    )
    work.flags.append(flag("agent-assumed"))
    assert "agent-assumed" not in codes(input_flags(work, work.aif)), "said of the acquisition"


def test_what_most_segments_say_is_said_once_of_the_acquisition(analysed_work):
    (part,) = analysed_work.slices
    analysed_work.flags.clear()
    part.flags[:] = [replace(flag("flow-methods-differ"), segment=number) for number in (7, 8, 9)]
    assert "flow-methods-differ" not in codes(acquisition_flags(analysed_work))
    assert codes(slice_flags(part, analysed_work)).count("flow-methods-differ") == 3
    part.flags.append(replace(flag("flow-methods-differ"), segment=10))
    (told,) = [f for f in acquisition_flags(analysed_work) if f.code == "flow-methods-differ"]
    assert told.message.startswith("In 4 of 6 segments the flow of the segment's curve")
    assert "flow-methods-differ" not in codes(slice_flags(part, analysed_work))


def test_segments_without_flow_are_counted_where_they_are_most_of_all(analysed_work):
    (part,) = analysed_work.slices
    empty = tuple(
        replace(segment, mbf=None, flags=(flag("not-measured"),))
        for segment in part.measurement.segments
    )
    part.measurement = replace(part.measurement, segments=empty)
    assert [f.message for f in acquisition_flags(analysed_work) if f.code == "not-measured"] == [
        "In 6 of 6 segments no flow could be measured."
    ]
    assert [segment_flags(segment, analysed_work) for segment in empty] == [[]] * 6


@pytest.mark.parametrize("frames", [0, 1, 7])
def test_a_slice_of_hardly_any_frames_says_so_and_is_left_out(single, frames, caplog):
    (acquisition,) = single.exam.acquisitions
    whole = acquisition.slices[0]
    status = np.full_like(whole.frame_status, FrameStatus.CONSTANT)
    status[10 : 10 + frames] = FrameStatus.USED
    exam = replace(
        single.exam,
        acquisitions=(replace(acquisition, slices=(replace(whole, frame_status=status),)),),
    )
    (found,) = analyse(exam, config=FAST).document["acquisitions"]
    (piece,) = found["slices"]
    assert [f["message"] for f in piece["flags"] if f["code"] == "slice-failed"] == [
        f"Only {frames} images of this slice can be used, too few to see the passage of a bolus."
    ]
    assert all(s["not_measured_reason"].startswith("Only") for s in piece["segments"])
    assert not caplog.records, "nothing failed that nobody foresaw"


@pytest.mark.parametrize(("late_s", "words"), [(8.0, "before"), (-8.0, "after")])
def test_slices_and_input_images_on_different_clocks_are_noticed(analysed_work, late_s, words):
    assert "clocks-differ" not in codes(acquisition_doubts(analysed_work))
    analysed_work.aif = replace(analysed_work.aif, foot_s=analysed_work.aif.foot_s + late_s)
    (found,) = [f for f in acquisition_doubts(analysed_work) if f.code == "clocks-differ"]
    assert abs(late_s) > LARGEST_CLOCK_DIFFERENCE_S
    assert f"8 s {words}" in found.message
    assert found.severity == "invalid"
