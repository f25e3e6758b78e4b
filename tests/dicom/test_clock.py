"""The clock is the first that strictly increases within the slice in plausible steps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.dicom.clock import choose_clock, gap_flags
from analysis.dicom.facts import FrameFacts


def frames(count: int = 20, **clocks: object) -> list[FrameFacts]:
    """Frames whose clock fields are given as functions of the frame number."""
    return [
        FrameFacts(**{name: read(i) if callable(read) else read for name, read in clocks.items()})
        for i in range(count)
    ]


def test_the_frame_datetime_comes_before_the_acquisition_time() -> None:
    clock = choose_clock(
        frames(frame_moment_s=lambda i: 1e9 + 0.8 * i, acquisition_moment_s=lambda i: 1e9 + i)
    )
    assert clock.name == "frame-datetime"
    assert np.diff(clock.times_s) == pytest.approx(0.8, abs=1e-6)


def test_a_constant_acquisition_time_is_no_clock() -> None:
    clock = choose_clock(
        frames(acquisition_moment_s=lambda i: 36_000.0 + i // 40, trigger_ms=lambda i: 700.0 * i)
    )
    assert clock.name == "trigger-time"
    assert clock.flags == ()


def test_a_trigger_delay_is_no_clock_and_the_nominal_interval_comes_with_a_warning() -> None:
    clock = choose_clock(frames(trigger_ms=lambda i: 100.0 + i, interval_ms=900.0))
    assert clock.name == "nominal-interval"
    assert np.diff(clock.times_s) == pytest.approx(0.9)
    assert [f.code for f in clock.flags] == ["clock-nominal"]


def test_a_cine_is_not_timed_by_its_phases() -> None:
    clock = choose_clock(frames(30, trigger_ms=lambda i: 30.0 * i))
    assert clock.name == "nominal-interval"


def test_a_clock_that_runs_past_midnight_goes_on() -> None:
    clock = choose_clock(frames(acquisition_moment_s=lambda i: (86_395.0 + i) % 86_400))
    assert clock.name == "acquisition-time"
    assert np.diff(clock.times_s) == pytest.approx(1.0)


def test_a_few_missing_times_are_put_between_their_neighbours() -> None:
    clock = choose_clock(frames(acquisition_moment_s=lambda i: None if i in (0, 7) else 5.0 + i))
    assert clock.times_s == pytest.approx(5.0 + np.arange(20))
    assert [f.code for f in clock.flags] == ["clock-filled"]


def test_missed_triggers_and_long_gaps_are_told_apart() -> None:
    beats = np.arange(30) * 0.8
    assert gap_flags(beats) == ()
    missed = np.delete(beats, 12)
    assert [f.code for f in gap_flags(missed)] == ["missed-triggers"]
    late = beats + np.where(np.arange(30) > 15, 9.0, 0.0)
    assert [f.code for f in gap_flags(late)] == ["time-gap"]


@given(
    st.lists(st.none() | st.floats(-1e9, 1e10), min_size=1, max_size=40),
    st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False), max_size=40),
)
def test_whatever_the_header_says_the_chosen_times_increase(
    moments: list[float | None], triggers: list[float | None]
) -> None:
    pairs = zip(moments, triggers + [None] * len(moments), strict=False)
    clock = choose_clock([FrameFacts(acquisition_moment_s=m, trigger_ms=t) for m, t in pairs])
    assert len(clock.times_s) == len(moments)
    assert np.isfinite(clock.times_s).all()
    assert (np.diff(clock.times_s) > 0).all()
