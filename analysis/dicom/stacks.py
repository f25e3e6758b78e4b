"""The frames at one place: which copy is used, their order, duplicates, proton-density frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from analysis.dicom.clock import CLOCKS, Clock, choose_clock, gap_flags, moments, runs
from analysis.dicom.facts import FrameFacts
from analysis.dicom.labels import FEWEST_TIME_POINTS, MOST_PD_FRAMES, Placed, SeriesInfo
from analysis.dicom.vendors import Role
from analysis.domain import Doubles
from analysis.quality import Flag, FrameStatus

_SAME_TIME_S: Final = 0.02
_SHORTEST_BEAT_S: Final = 0.1


@dataclass
class Stack:
    """Frames of one plane, role family and echo in time order, as they are being put together."""

    family: str
    plane: int
    echo: float | None
    frames: list[Placed]
    status: list[int] = field(default_factory=list)
    clock: Clock | None = None
    flags: list[Flag] = field(default_factory=list)
    evidence: dict[str, list[str]] = field(default_factory=dict)

    @property
    def good(self) -> list[Placed]:
        return [p for p, s in zip(self.frames, self.status, strict=True) if s == FrameStatus.USED]

    @property
    def size(self) -> tuple[int, int]:
        return Counter(p.size for p in self.frames).most_common(1)[0][0]

    @property
    def series_uids(self) -> list[str]:
        return list(dict.fromkeys(p.facts.series_instance_uid for p in self.frames))

    def note(self, uid: str, sentence: str) -> None:
        notes = self.evidence.setdefault(uid, [])
        if sentence not in notes:
            notes.append(sentence)


def family_of(role: Role | None) -> str:
    return "image" if role in (None, "sr", "pd") else role


def stacks_of(series: Sequence[SeriesInfo]) -> tuple[list[Stack], dict[str, str]]:
    """Stacks of one injection, ordered, and the series left out with the reason."""
    groups: dict[tuple[str, int, tuple[int, int], float | None], dict[str, list[Placed]]] = {}
    for info in series:
        majority = _majority_size(info)
        for p in info.frames:
            if p.role == "other":
                continue
            family = family_of(p.role)
            # An odd frame of another size stays with its series and is marked there.
            size = (
                p.size
                if majority[p.size] >= min(3, len(info.frames))
                else max(majority, key=lambda s: majority[s])
            )
            key = (family, p.plane, size, _echo_of(p))
            groups.setdefault(key, {}).setdefault(info.uid, []).append(p)
    by_uid = {info.uid: info for info in series}
    _merge_echo_of_fragments(groups)
    left_out: dict[str, str] = {}
    found = []
    for (family, plane, _size, echo), members in groups.items():
        kept = _without_copies(members, by_uid, left_out)
        found.append(_ordered(Stack(family, plane, echo, [p for g in kept.values() for p in g])))
    return found, left_out


def _echo_of(placed: Placed) -> float | None:
    """What tells the echoes of one place apart: their time, else their number."""
    time_ms, number = placed.frame.echo_ms, placed.frame.echo_number
    return float(number) if time_ms is None and number else time_ms


def _majority_size(info: SeriesInfo) -> Counter[tuple[int, int]]:
    return Counter(p.size for p in info.frames)


def _merge_echo_of_fragments(
    groups: dict[tuple[str, int, tuple[int, int], float | None], dict[str, list[Placed]]],
) -> None:
    """Proton-density frames have another echo time than the series that they precede: not an echo.

    A true second echo has as many frames as the first; a few frames join the large group.
    """
    for key in [k for k in groups if k[0] == "image"]:
        count = sum(map(len, groups[key].values()))
        if count > MOST_PD_FRAMES:
            continue
        for other in groups:
            larger = sum(map(len, groups[other].values()))
            if other != key and other[:3] == key[:3] and larger >= FEWEST_TIME_POINTS:
                for uid, frames in groups.pop(key).items():
                    groups[other].setdefault(uid, []).extend(frames)
                break


def _without_copies(
    members: dict[str, list[Placed]], infos: dict[str, SeriesInfo], left_out: dict[str, str]
) -> dict[str, list[Placed]]:
    """Leave out series that show the same moments again (motion-corrected or filtered copies)."""
    order = sorted(members, key=lambda u: (infos[u].is_derived, infos[u].facts.series_number or 0))
    kept: dict[str, list[Placed]] = {}
    for uid in order:
        times = _times_of(members[uid])
        copied = next((k for k in kept if _same_times(times, _times_of(kept[k]))), None)
        if copied is None:
            kept[uid] = members[uid]
        else:
            number = infos[copied].facts.series_number
            left_out[uid] = f"a copy (corrected or filtered) of the images of series {number}"
    return kept


def _times_of(frames: list[Placed]) -> Doubles | None:
    """Sorted moments of the frames, by the first clock that is there; else their numbers."""
    for name in CLOCKS:
        found = moments([p.frame for p in frames], name)
        if np.isfinite(found).all() and len(np.unique(found)) > len(found) // 2:
            return np.sort(found)
    numbers = [p.facts.instance_number for p in frames]
    if len(set(numbers)) == len(numbers) and None not in numbers and len(numbers) > 1:
        return np.sort(np.array(numbers, dtype=np.float64))
    return None


def _same_times(a: Doubles | None, b: Doubles | None) -> bool:
    if a is None or b is None or min(len(a), len(b)) < 2:
        return False
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    nearest = np.abs(long[np.clip(np.searchsorted(long, short), 0, len(long) - 1)] - short)
    before = np.abs(long[np.clip(np.searchsorted(long, short) - 1, 0, len(long) - 1)] - short)
    return bool((np.minimum(nearest, before) < _SAME_TIME_S).mean() > 0.8)


def _ordered(stack: Stack) -> Stack:
    """Time order by TemporalPositionIndex, else InstanceNumber, else a clock; statuses; clock."""
    frames = sorted(stack.frames, key=_order_key(stack.frames))
    stack.frames = frames
    stack.status = _status(frames, stack.size)
    clock = choose_clock([p.frame for p in stack.good])
    if clock.name == "nominal-interval":
        by_clock = _order_by_clock(stack)
        if by_clock is not None:
            stack.frames = by_clock
            stack.status = _status(by_clock, stack.size)
            clock = choose_clock([p.frame for p in stack.good])
            stack.flags.append(
                Flag(
                    code="order-from-clock",
                    message="The numbering of the images contradicts their acquisition times; "
                    "the times were followed.",
                    severity="check",
                )
            )
    stack.flags.extend(_count_flags(stack))
    if _without_crowding(stack, clock.times_s):
        clock = choose_clock([p.frame for p in stack.good])
    stack.clock = clock
    if stack.family != "map":  # one image has no time axis to doubt
        stack.flags.extend(clock.flags)
        stack.flags.extend(gap_flags(clock.times_s))
    return stack


def _without_crowding(stack: Stack, times_s: Doubles) -> int:
    """Take out frames that no heart could have beaten for; returns how many.

    times_s: of the frames that are good. A time that was written twice, or nearly so, would let a
    curve rise without end between the two.
    """
    good = [i for i, s in enumerate(stack.status) if s == FrameStatus.USED]
    last, crowded = -np.inf, []
    for i, time_s in zip(good, times_s, strict=True):
        if time_s - last < _SHORTEST_BEAT_S:
            crowded.append(i)
        else:
            last = float(time_s)
    for i in crowded:
        stack.status[i] = int(FrameStatus.DUPLICATE_TIME)
    if crowded:
        stack.flags.append(
            Flag(
                code="times-repeated",
                message=f"{len(crowded)} frames have the acquisition time of another frame and are "
                "not used.",
            )
        )
    return len(crowded)


def _order_key(frames: list[Placed]) -> Callable[[Placed], tuple[float, ...]]:
    count = len(frames)

    def distinct(values: list[object]) -> bool:
        return None not in values and len(set(values)) > 0.8 * count

    if distinct([p.frame.temporal_index for p in frames]):
        return lambda p: (p.frame.temporal_index or 0, _any_moment(p.frame))
    if distinct([(p.facts.instance_number or 0, p.frame.index) for p in frames]):
        return lambda p: (p.facts.instance_number or 0, p.frame.index, _any_moment(p.frame))
    return lambda p: (
        _any_moment(p.frame), p.facts.series_number or 0, p.facts.instance_number or 0,
    )  # fmt: skip


def _any_moment(frame: FrameFacts) -> float:
    moment = frame.frame_moment_s or frame.acquisition_moment_s or 0.0
    return moment + (frame.trigger_ms or 0.0) / 1e9  # only breaks ties


def _order_by_clock(stack: Stack) -> list[Placed] | None:
    for name in CLOCKS:
        times = moments([p.frame for p in stack.frames], name)
        if np.isfinite(times).all() and runs(np.unique(times), name):
            if len(np.unique(times)) < 0.8 * len(times):
                continue
            return [stack.frames[i] for i in np.argsort(times, kind="stable")]
    return None


def _status(frames: list[Placed], size: tuple[int, int]) -> list[int]:
    status, seen = [], set()
    for p in frames:
        f = p.frame
        same = (f.frame_moment_s, f.acquisition_moment_s, f.trigger_ms, f.temporal_index)
        number = None if f.temporal_index is not None else (p.facts.instance_number, f.index)
        known = any(value is not None for value in same[:3])
        if p.size != size:
            status.append(int(FrameStatus.OTHER_SIZE))
        elif known and (same, number) in seen:
            status.append(int(FrameStatus.DUPLICATE_TIME))
        else:
            status.append(int(FrameStatus.USED))
        seen.add((same, number))
    return status


def _count_flags(stack: Stack) -> list[Flag]:
    flags = []
    counted = Counter(stack.status)
    sizes, doubles = counted[FrameStatus.OTHER_SIZE], counted[FrameStatus.DUPLICATE_TIME]
    if sizes:
        flags.append(
            Flag(
                code="frames-of-other-size",
                message=f"{sizes} frames have another matrix size and are not used.",
                severity="check",
            )
        )
    if doubles:
        flags.append(
            Flag(
                code="frames-twice",
                message=f"{doubles} frames were received twice and are used once.",
                severity="information",
            )
        )
    numbers = sorted({p.facts.instance_number for p in stack.frames if p.facts.instance_number})
    if len(numbers) == len(stack.frames) > FEWEST_TIME_POINTS:
        steps = np.diff(numbers)
        usual = int(np.median(steps))
        lost = int(sum(s // usual - 1 for s in steps if usual and s > usual and s % usual == 0))
        if lost:
            flags.append(
                Flag(
                    code="frames-missing",
                    message=f"The numbering of the images has gaps: {lost} may not have arrived.",
                    severity="check",
                )
            )
    return flags


def retimed(stack: Stack, times_s: Doubles, name: str) -> Doubles:
    """(T,) times of all frames of the stack; frames that are not used stand at a neighbour's."""
    filled = np.full(len(stack.frames), np.nan)
    filled[[s == FrameStatus.USED for s in stack.status]] = times_s
    known = np.flatnonzero(np.isfinite(filled))
    nearest = known[np.abs(known[None, :] - np.arange(len(filled))[:, None]).argmin(axis=1)]
    return np.asarray(filled[nearest], dtype=np.float64)


def mark_pd(stack: Stack) -> list[Role]:
    """Role of each frame of an image or AIF stack: proton density or saturation recovery.

    Evidence, strongest first: the frame is called PD; it has no inversion time where most have
    one; its flip angle is at most half of the usual one. Only leading frames can be PD, at most
    MOST_PD_FRAMES.
    """
    frames = stack.frames
    base: Role = "aif" if stack.family in ("aif", "aif_gd") else "sr"
    pd: Role = "pd"
    said = [p.says_pd or p.role == "pd" for p in frames]
    no_ti = [p.frame.inversion_ms is None for p in frames]
    flips = [p.frame.flip_deg for p in frames]
    usual = float(np.median([f for f in flips if f] or [0.0]))
    low_flip = [f is not None and f <= 0.5 * usual for f in flips]
    choices = (
        (said, "called proton density"),
        (no_ti if sum(no_ti) < len(frames) / 2 else [False] * len(frames), "no inversion time"),
        (low_flip, "a flip angle of at most half of the usual one"),
    )
    for marks, why in choices:
        count = next((i for i, mark in enumerate(marks) if not mark), len(marks))
        anywhere = sum(marks)
        if 0 < anywhere <= MOST_PD_FRAMES and count == anywhere:
            for uid in {frames[i].facts.series_instance_uid for i in range(count)}:
                stack.note(uid, f"{count} proton-density frames: {why}")
            return [pd] * count + [base] * (len(frames) - count)
    if all(said) and frames:
        return [pd] * len(frames)
    return [base] * len(frames)


def split_aif(stacks: list[Stack]) -> None:
    """Find arterial input images by their small matrix and echo pair where no name says so."""
    if any(s.family in ("aif", "aif_gd") for s in stacks):
        _demote_if_no_slices(stacks)
        return
    images = [s for s in stacks if s.family == "image" and len(s.frames) >= FEWEST_TIME_POINTS]
    areas = [s.size[0] * s.size[1] for s in images]
    if len(set(areas)) < 2:
        return
    largest = max(areas)
    small = [s for s, area in zip(images, areas, strict=True) if area <= 0.55 * largest]
    echoes = {s.echo for s in small}
    planes = {s.plane for s in small}
    if small and len(planes) == 1 and len(echoes) <= 3:
        pair = "a pair of echoes and " if len(echoes) > 1 else ""
        for s in small:
            s.family = "aif"
            for uid in s.series_uids:
                s.note(uid, f"{pair}a matrix of {s.size[0]}x{s.size[1]}: arterial input images")


def _demote_if_no_slices(stacks: list[Stack]) -> None:
    """A protocol may be named after its arterial input: then the larger images are the slices."""
    if any(s.family in ("image", "gd", "map") for s in stacks):
        return
    areas = {s.size[0] * s.size[1] for s in stacks if s.family == "aif"}
    for s in stacks:
        if s.family == "aif" and len(areas) > 1 and s.size[0] * s.size[1] == max(areas):
            s.family = "image"
            s.frames = [replace(p, role=None, rule=None) for p in s.frames]
