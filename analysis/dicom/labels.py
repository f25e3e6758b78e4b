"""Every frame of a study with its role and place, gathered by series: what plans are made of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np

from analysis.dicom.clock import CLOCKS, moments, runs
from analysis.dicom.facts import FrameFacts, HeaderFacts
from analysis.dicom.plan import SeriesOverride
from analysis.dicom.vendors import DERIVED_WORDS, ROLE_RULES, Role, RoleRule
from analysis.dicom.words import says_condition, says_other_technique, says_perfusion

FEWEST_TIME_POINTS: Final = 12
MOST_PD_FRAMES: Final = 10
_SAME_PLANE_MM: Final = 1.5
_SAME_NORMAL_COS: Final = float(np.cos(np.deg2rad(3.0)))
_PARAMETRIC_MAP: Final = "1.2.840.10008.5.1.4.1.1.30"


@dataclass(frozen=True)
class Placed:
    """One frame: where it lies and what it is.

    plane: number of its plane in the study. says_pd: it is called proton density, whatever else
    it is called (an AIF image may be both).
    """

    facts: HeaderFacts
    frame: FrameFacts
    role: Role | None
    rule: RoleRule | None
    plane: int
    says_pd: bool = False

    @property
    def size(self) -> tuple[int, int]:
        return self.facts.rows, self.facts.columns


@dataclass
class SeriesInfo:
    """One series while it is being judged."""

    uid: str
    frames: list[Placed] = field(default_factory=list)
    override: SeriesOverride = SeriesOverride()
    evidence: list[str] = field(default_factory=list)
    reason: str = ""

    @property
    def facts(self) -> HeaderFacts:
        return self.frames[0].facts

    @cached_property
    def words(self) -> str:
        """The texts that name the series, the most telling first."""
        facts, comments = self.facts, self.frames[0].frame.comments
        return " \\ ".join(
            filter(
                None, (facts.series_description, facts.protocol_name, comments, facts.stage_name)
            )
        )

    @cached_property
    def time_points(self) -> int:
        """The most frames at one plane and echo."""
        counts = Counter((p.plane, p.frame.echo_ms, p.frame.echo_number) for p in self.frames)
        return max(counts.values())

    @cached_property
    def span(self) -> tuple[float, float] | None:
        """First and last moment of the series in seconds, None where the header has no time."""
        found = [
            moment
            for p in self.frames
            for moment in (p.frame.frame_moment_s or p.frame.acquisition_moment_s,)
            if moment is not None
        ]
        if not found:
            start = self.facts.series_moment_s
            return (start, start) if start is not None else None
        triggers = [p.frame.trigger_ms for p in self.frames if p.frame.trigger_ms is not None]
        running = (max(triggers) - min(triggers)) / 1000 if triggers else 0.0
        return min(found), max(max(found), min(found) + running)

    @cached_property
    def is_derived(self) -> bool:
        kinds = {"\\".join(p.frame.image_type) for p in self.frames[:1]}
        text = " ".join((*kinds, self.facts.series_description))
        return bool(re.search(DERIVED_WORDS, text)) or any(k.startswith("DERIVED") for k in kinds)

    @cached_property
    def stem(self) -> str:
        """Description without its numbers: what the fragments of one acquisition share."""
        return re.sub(r"\d+", "#", self.facts.series_description.casefold())

    @cached_property
    def is_dynamic(self) -> bool:
        """Does some plane of the series have enough time points on a clock that runs slowly?"""
        groups: dict[object, list[Placed]] = {}
        for p in self.frames:
            groups.setdefault((p.plane, p.frame.echo_ms, p.frame.echo_number), []).append(p)
        for group in groups.values():
            if len(group) < FEWEST_TIME_POINTS:
                continue
            ordered = sorted(group, key=lambda p: (p.facts.instance_number or 0, p.frame.index))
            for name in CLOCKS:
                in_order = moments([p.frame for p in ordered], name)
                if runs(in_order, name) or runs(np.unique(in_order), name):
                    return True
        return False

    def condition_by_words(self) -> tuple[str | None, str]:
        """The first text that says stress or rest, and that text."""
        facts = self.facts
        texts = (
            facts.series_description, self.frames[0].frame.comments, facts.stage_name,
            facts.protocol_name, facts.sequence_name,
        )  # fmt: skip
        for text in texts:
            said = says_condition(text)
            if said:
                return said, text
        return None, ""


def gather(
    facts: Iterable[HeaderFacts],
    overrides: Mapping[str, SeriesOverride],
    rules: Sequence[RoleRule],
) -> list[SeriesInfo]:
    """The series of a study with role and plane of each frame, in the order of their numbers."""
    series: dict[str, SeriesInfo] = {}
    planes = Planes()
    for one in facts:
        info = series.setdefault(one.series_instance_uid, SeriesInfo(one.series_instance_uid))
        info.override = overrides.get(one.series_instance_uid, SeriesOverride())
        for frame in one.frames:
            fitting = [rule for rule in (*rules, *ROLE_RULES) if rule.fits(one, frame)]
            role, rule = _role(one, info.override, fitting)
            says_pd = any(rule.role == "pd" for rule in fitting)
            place = planes.number(one, frame)
            info.frames.append(Placed(one, frame, role, rule, place, says_pd))
    found = [info for info in series.values() if info.frames]
    for info in found:
        _weaken_series_words(info)
    return sorted(found, key=lambda i: (i.facts.series_number or 0, i.span or (0, 0), i.uid))


def _role(
    facts: HeaderFacts, override: SeriesOverride, fitting: Sequence[RoleRule]
) -> tuple[Role | None, RoleRule | None]:
    if facts.samples_per_pixel != 1 or not facts.photometric.startswith("MONOCHROME"):
        return "other", None  # whatever it is called, colours are no signal
    matched = fitting[0] if fitting else None
    if override.role:
        # The scale of a rule for the same role still holds.
        return override.role, matched if matched and matched.role == override.role else None
    if matched:
        return matched.role, matched
    if facts.sop_class_uid == _PARAMETRIC_MAP:
        return "map", None
    return None, None


def _weaken_series_words(info: SeriesInfo) -> None:
    """A description that says PD names only part of a series that is long enough to be dynamic."""
    if info.override.role or info.time_points <= MOST_PD_FRAMES:
        return
    weak = {"pd-series"}
    info.frames = [
        replace(p, role=None, rule=None, says_pd=False) if p.rule and p.rule.name in weak else p
        for p in info.frames
    ]


class Planes:
    """Numbers the planes of a study; frames without geometry get one by stack or series."""

    def __init__(self) -> None:
        self._known: dict[object, int] = {}
        self._references: dict[str, str] = {}
        self._planes: list[tuple[np.ndarray, float, str]] = []
        self._count = 0

    def number(self, facts: HeaderFacts, frame: FrameFacts) -> int:
        # One series has one frame of reference; another one within it is flagged when loading.
        self._references.setdefault(facts.series_instance_uid, facts.frame_of_reference_uid)
        key = self._key(facts, frame)
        if key not in self._known:
            self._known[key] = self._find(facts, frame)
        return self._known[key]

    def _key(self, facts: HeaderFacts, frame: FrameFacts) -> object:
        if frame.position_mm and frame.orientation:
            rounded = tuple(round(x, 2) for x in frame.position_mm)
            turned = tuple(round(x, 4) for x in frame.orientation)
            return (self._references[facts.series_instance_uid], rounded, turned)
        if frame.in_stack is not None:
            return ("stack", facts.series_instance_uid, frame.stack_id, frame.in_stack)
        if frame.slice_location is not None:
            return ("location", facts.rows, facts.columns, round(frame.slice_location, 1))
        return ("series", facts.series_description or facts.series_instance_uid)

    def _find(self, facts: HeaderFacts, frame: FrameFacts) -> int:
        if frame.position_mm and frame.orientation:
            own = self._references[facts.series_instance_uid]
            normal = np.cross(frame.orientation[:3], frame.orientation[3:])
            offset = float(normal @ np.array(frame.position_mm))
            for number, (other, place, reference) in enumerate(self._planes):
                cos = float(normal @ other)
                same_side = offset if cos > 0 else -offset
                if (
                    reference == own
                    and abs(cos) > _SAME_NORMAL_COS
                    and abs(same_side - place) < _SAME_PLANE_MM
                ):
                    return number
            self._planes.append((normal, offset, own))
            return len(self._planes) - 1
        self._count += 1
        return -self._count


def why_not_perfusion(info: SeriesInfo, siblings: int) -> str:
    """Reason in words why a series is no part of a perfusion study, "" where it may be one."""
    if info.override.excluded:
        return "left out by hand"
    if info.override.role and info.override.role != "other":
        return ""
    roles = {p.role for p in info.frames}
    if roles == {"other"}:
        rule = info.frames[0].rule
        colours = info.facts.photometric
        return rule.says if rule else f"not a grey image (PhotometricInterpretation {colours})"
    technique = says_other_technique(info.words)
    if technique and not info.is_dynamic:
        return f"its name says {technique!r}, not perfusion"
    named = says_perfusion(info.words) or bool(roles - {None, "other", "sr"})
    if info.is_dynamic or named and (info.time_points >= FEWEST_TIME_POINTS or roles != {None}):
        return ""
    if siblings >= FEWEST_TIME_POINTS or (named and siblings > 1):
        return ""
    if info.time_points < FEWEST_TIME_POINTS:
        return (
            f"only {info.time_points} images at a position; a first pass has at least "
            f"{FEWEST_TIME_POINTS}"
        )
    return "its images do not run over heartbeats (no clock of 0.2 to 4 s a frame)"


def not_understood(info: SeriesInfo) -> list[str]:
    """What the headers of a series leave open, in sentences: where a rule of the site may help."""
    facts, frames = info.facts, [p.frame for p in info.frames]
    found = []
    roles = {p.role for p in info.frames}
    if roles == {None} and not says_perfusion(info.words):
        kind = "/".join(frames[0].image_type) or "none"
        names = facts.series_description or facts.protocol_name or "none"
        found.append(f"not understood: image type {kind!r} and name {names!r} fit no import rule")
    clocked = any(
        m is not None
        for f in frames
        for m in (f.frame_moment_s, f.acquisition_moment_s, f.trigger_ms)
    )
    missing = {
        "a time of acquisition": clocked,
        "a plane": any(f.position_mm and f.orientation for f in frames),
        "a pixel spacing": any(f.spacing_mm for f in frames),
        "the scanner's maker": bool(facts.manufacturer),
    }
    absent = [name for name, there in missing.items() if not there]
    if absent:
        found.append(f"not in the header: {', '.join(absent)}")
    return found
