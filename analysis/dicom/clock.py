"""The time axis of a stack of frames: which clock of the header really runs.

The first of FrameAcquisitionDateTime, AcquisitionTime, cumulative TriggerTime (only if it spans
more than 5 s) and nominal interval that strictly increases within the slice in plausible steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from analysis.dicom.facts import FrameFacts
from analysis.domain import Doubles
from analysis.quality import Flag

ClockName = Literal["frame-datetime", "acquisition-time", "trigger-time", "nominal-interval"]

SHORTEST_STEP_S: Final = 0.2
LONGEST_STEP_S: Final = 60.0
"""A step beyond this is another acquisition. Shorter ones are missed triggers, or a pause between
the proton-density images and the injection: the clock still runs, and the gap is flagged."""
SLOWEST_MEDIAN_STEP_S: Final = 4.0
SHORTEST_TRIGGER_SPAN_S: Final = 5.0
DEFAULT_INTERVAL_S: Final = 0.8
MOST_MISSING: Final = 0.1

_READERS: Final[dict[ClockName, Callable[[FrameFacts], float | None]]] = {
    "frame-datetime": lambda frame: frame.frame_moment_s,
    "acquisition-time": lambda frame: frame.acquisition_moment_s,
    "trigger-time": lambda frame: None if frame.trigger_ms is None else frame.trigger_ms / 1000,
}
CLOCKS: Final[tuple[ClockName, ...]] = tuple(_READERS)


@dataclass(frozen=True)
class Clock:
    """times_s: (T,) as the clock says, not yet counted from the start of the acquisition."""

    name: ClockName
    times_s: Doubles
    flags: tuple[Flag, ...] = ()


def moments(frames: Sequence[FrameFacts], name: ClockName) -> Doubles:
    """(T,) seconds by one clock, NaN where a frame has none; a change of day is unwrapped."""
    read = _READERS[name]
    found = [read(frame) for frame in frames]
    times = np.array([np.nan if value is None else value for value in found], dtype=np.float64)
    if name == "acquisition-time" and np.nanmax(times, initial=0.0) < 86_400:  # no dates given
        late = times > 64_800
        if late.any() and (times < 21_600).any():
            times[times < 21_600] += 86_400
    return times


def runs(times: Doubles, name: ClockName) -> bool:
    """Does this clock strictly increase in plausible steps?"""
    known = times[np.isfinite(times)]
    if len(known) < 2 or len(known) < len(times) * (1 - MOST_MISSING):
        return False
    steps = np.diff(known)
    if name == "trigger-time" and known[-1] - known[0] <= SHORTEST_TRIGGER_SPAN_S:
        return False
    return bool(
        steps.min() > 0
        and SHORTEST_STEP_S <= np.median(steps) <= SLOWEST_MEDIAN_STEP_S
        and steps.max() <= max(LONGEST_STEP_S, 6 * float(np.median(steps)))
    )


def choose_clock(frames: Sequence[FrameFacts]) -> Clock:
    """The clock of frames that are already in time order (duplicates removed)."""
    for name in CLOCKS:
        times = moments(frames, name)
        if runs(times, name):
            return _filled(name, times)
    return nominal(frames)


def nominal(frames: Sequence[FrameFacts]) -> Clock:
    """Evenly spaced times from the nominal interval, with a warning."""
    given = [f.interval_ms for f in frames if f.interval_ms and 250 <= f.interval_ms <= 6000]
    step = float(np.median(given)) / 1000 if given else DEFAULT_INTERVAL_S
    source = "the nominal interval of the header" if given else "an assumed heartbeat"
    flag = Flag(
        code="clock-nominal",
        message=f"No acquisition time of these images runs, so frames are spaced by {source} "
        f"({step:.2f} s); flow values scale with it.",
        severity="check",
    )
    return Clock("nominal-interval", np.arange(len(frames), dtype=np.float64) * step, (flag,))


def _filled(name: ClockName, times: Doubles) -> Clock:
    missing = ~np.isfinite(times)
    if not missing.any():
        return Clock(name, times)
    index = np.arange(len(times))
    filled = times.copy()
    step = float(np.median(np.diff(times[~missing])))
    filled[missing] = np.interp(index[missing], index[~missing], times[~missing])
    first, last = index[~missing][0], index[~missing][-1]
    filled[:first] = filled[first] - step * (first - index[:first])
    filled[last + 1 :] = filled[last] + step * (index[last + 1 :] - last)
    flag = Flag(
        code="clock-filled",
        message=f"{int(missing.sum())} frames had no acquisition time; it was put between their "
        "neighbours.",
        severity="check",
    )
    return Clock(name, filled, (flag,))


def gap_flags(times_s: Doubles) -> tuple[Flag, ...]:
    """Missed triggers and long gaps in a time axis."""
    if len(times_s) < 4:
        return ()
    steps = np.diff(times_s)
    median = float(np.median(steps))
    missed = int((steps > 1.7 * median).sum())
    longest = float(steps.max())
    if longest > max(5.0, 4 * median):
        return (
            Flag(
                code="time-gap",
                message=f"The series has a gap of {longest:.1f} s between two frames.",
                severity="check",
            ),
        )
    if missed:
        return (
            Flag(
                code="missed-triggers",
                message=f"{missed} heartbeats were not imaged (missed triggers); "
                "resampling bridges them.",
                severity="information",
            ),
        )
    return ()
