"""Objects and a classification to an Exam: arrays in time order with geometry and protocol."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from analysis.dicom.classification import classify
from analysis.dicom.facts import FrameFacts, HeaderFacts
from analysis.dicom.geometry import geometry_of
from analysis.dicom.pixels import frame_values, is_scaled
from analysis.dicom.plan import (
    AcquisitionPlan,
    FrameRef,
    SeriesOverride,
    StackPlan,
    StudyClassification,
)
from analysis.dicom.protocol import protocol_of
from analysis.dicom.reading import ReadObject
from analysis.dicom.refusals import Refused
from analysis.domain import Acquisition, AifSeries, Bytes, Exam, Floats, PerfusionSlice
from analysis.errors import BadInput, NothingToAnalyse
from analysis.quality import Flag, FrameStatus

SATURATED_PART: Final = 0.01
"""A frame with more pixels at the largest storable value is clipped."""
PD_LEVEL_RATIO: Final = 1.8
_MOST_PD_BY_LEVEL: Final = 5
_SCALE_TOKEN = re.compile(r"scale(?:ratio|factor)?[ _=:]*([0-9]+(?:\.[0-9]+)?)", re.IGNORECASE)


@dataclass(frozen=True)
class _Loaded:
    """Frames of a stack: signal (T, H, W), status (T,), and what was noticed."""

    signal: Floats
    status: Bytes
    facts: list[HeaderFacts]
    frames: list[FrameFacts]
    flags: tuple[Flag, ...]


def load_exam(
    objects: Iterable[ReadObject],
    classification: StudyClassification | None = None,
    *,
    series_overrides: Mapping[str, SeriesOverride] | None = None,
) -> Exam:
    """Decode the frames that the classification plans and gather them as an Exam.

    Without a classification, or with overrides, the objects are classified here. In an acquisition
    of sequence "gd" the signal is mmol/L, of "map" it is one frame of ml/min/g.

    Raises:
        NothingToAnalyse: no first-pass perfusion series among the objects.
        BadInput: a slice none of whose frames can be decoded.
    """
    by_uid = {o.facts.sop_instance_uid: o for o in objects}
    if classification is None or series_overrides:
        facts = [o.facts for o in by_uid.values()]
        classification = classify(facts, overrides=series_overrides)
    if not classification.acquisitions:
        raise NothingToAnalyse(_nothing(classification))
    loader = _Loader(by_uid)
    acquisitions = tuple(loader.acquisition(plan) for plan in classification.acquisitions)
    return Exam(
        study_instance_uid=classification.study_instance_uid,
        acquisitions=acquisitions,
        flags=(*classification.flags, *_reference_flags(acquisitions)),
    )


def _nothing(classification: StudyClassification) -> str:
    count = len(classification.series)
    if not count:
        return "No readable MR images were found; give the folder or zip of a perfusion study."
    reasons = sorted({s.reason for s in classification.series if s.reason})[:3]
    return (
        f"None of the {count} series is a first-pass perfusion series "
        f"({'; '.join(reasons)}); give the perfusion series or set its role by hand."
    )


class _Loader:
    def __init__(self, objects: Mapping[str, ReadObject]) -> None:
        self._objects = objects

    def acquisition(self, plan: AcquisitionPlan) -> Acquisition:
        loaded = [self._stack(s, s.frames) for s in plan.slices]
        slices, flags = [], list(plan.flags)
        pd_marks = []
        for stack, data in zip(plan.slices, loaded, strict=True):
            is_pd = np.array([f.role == "pd" for f in stack.frames])
            by_level = 0 if is_pd.any() or plan.sequence in ("gd", "map") else _pd_by_level(data)
            is_pd[:by_level] = True
            pd_marks.append(is_pd)
            slices.append(self._slice(stack, data, is_pd, by_level))
        first = loaded[0]
        every = [o.facts for o in self._objects.values()]
        protocol = protocol_of(
            first.facts, first.frames, list(pd_marks[0]), aif=False, others=every
        )
        if plan.sequence != "dual":  # nothing is converted, so no assumption changes a number
            told = tuple(replace(flag, severity="information") for flag in protocol.assumptions)
            protocol = replace(protocol, assumptions=told)
        return Acquisition(
            condition=plan.condition,
            sequence=plan.sequence,
            slices=tuple(slices),
            protocol=protocol,
            aif=self._aif(plan.aif) if plan.aif else None,
            started_at=plan.started_at,
            heart_rate_bpm=plan.heart_rate_bpm,
            flags=tuple(flags),
        )

    def _slice(
        self, stack: StackPlan, data: _Loaded, is_pd: np.ndarray, by_level: int
    ) -> PerfusionSlice:
        geometry, geometry_flags = geometry_of(data.facts[0], data.frames, stack.position)
        status = data.status.copy()
        status[is_pd & (status == FrameStatus.USED)] = FrameStatus.PROTON_DENSITY
        level = Flag(
            code="pd-by-signal-level",
            message=f"The first {by_level} frames are much brighter than the next; they were taken "
            "for proton-density images.",
        )
        return PerfusionSlice(
            position=stack.position or "mid",
            series_instance_uid=stack.series_instance_uid,
            signal=data.signal,
            time_s=np.array([f.time_s for f in stack.frames], dtype=np.float64),
            is_pd=is_pd,
            frame_status=status,
            geometry=geometry,
            instance_uids=tuple(f.sop_instance_uid for f in stack.frames),
            flags=(*stack.flags, *data.flags, *geometry_flags, *([level] if by_level else [])),
        )

    def _aif(self, stack: StackPlan) -> AifSeries:
        echoes = sorted({f.echo for f in stack.frames})
        per_echo = [[f for f in stack.frames if f.echo == echo] for echo in echoes]
        loaded = [self._stack(stack, frames) for frames in per_echo]
        is_pd = np.array([f.role == "pd" for f in per_echo[0]])
        status = loaded[0].status.copy()
        for other in loaded[1:]:
            status = np.where(status == FrameStatus.USED, other.status, status).astype(np.uint8)
        status[is_pd & (status == FrameStatus.USED)] = FrameStatus.PROTON_DENSITY
        geometry, _ = geometry_of(loaded[0].facts[0], loaded[0].frames, "basal")
        every_facts = [facts for data in loaded for facts in data.facts]
        every_frame = [frame for data in loaded for frame in data.frames]
        return AifSeries(
            series_instance_uid=stack.series_instance_uid,
            signal=np.stack([data.signal for data in loaded]),
            time_s=np.array([f.time_s for f in per_echo[0]], dtype=np.float64),
            is_pd=is_pd,
            frame_status=status,
            geometry=geometry,
            protocol=protocol_of(
                every_facts,
                every_frame,
                list(is_pd) * len(loaded),
                aif=True,
                others=[o.facts for o in self._objects.values()],
            ),
            instance_uids=tuple(f.sop_instance_uid for f in per_echo[0]),
            in_mmol_per_l=stack.role == "aif_gd",
        )

    def _stack(self, stack: StackPlan, refs: Sequence[FrameRef]) -> _Loaded:
        facts = [self._facts(ref) for ref in refs]
        frames = [f.frames[ref.frame] for f, ref in zip(facts, refs, strict=True)]
        used = [i for i, ref in enumerate(refs) if ref.status != FrameStatus.OTHER_SIZE]
        rows, columns = facts[used[0]].rows, facts[used[0]].columns
        signal = np.zeros((len(refs), rows, columns), dtype=np.float32)
        status = np.array([ref.status for ref in refs], dtype=np.uint8)
        physical = stack.role in ("gd", "aif_gd", "map")
        scale, scale_flags = self._scale(stack, facts[0], frames[0]) if physical else (1.0, [])
        private = not physical and any(f.scale_slope != 1.0 for f in frames)
        unreadable: list[str] = []
        for uid, wanted in _by_object(refs, used).items():
            found = self._objects[uid]
            try:
                with found.source.open() as file:
                    numbers = [refs[i].frame for i in wanted]
                    places = {refs[i].frame: i for i in wanted}
                    for number, values, slope, ceiling in frame_values(
                        file, facts[wanted[0]], numbers, physical=physical, plain=found.plain
                    ):
                        i = places[number]
                        signal[i] = values * np.float32(scale)
                        if status[i] == FrameStatus.USED:
                            status[i] = _judged(values, ceiling)
                        if private:
                            signal[i] /= np.float32(frames[i].scale_slope * slope)
            except Refused as reason:
                unreadable.append(reason.code)
                status[wanted] = FrameStatus.NOT_FINITE
        if len(unreadable) and len(unreadable) >= len({r.sop_instance_uid for r in refs}):
            raise BadInput(
                f"None of the images of series {facts[0].series_number} can be decoded "
                f"({unreadable[0]}); export them uncompressed."
            )
        np.nan_to_num(signal, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        flags = [*scale_flags, *_pixel_flags(status, len(unreadable)), *_reference_flag(facts)]
        return _Loaded(signal, status, facts, frames, tuple(flags))

    def _facts(self, ref: FrameRef) -> HeaderFacts:
        try:
            return self._objects[ref.sop_instance_uid].facts
        except KeyError as error:
            raise BadInput(
                "An image of the study is missing among the given objects; give all of them."
            ) from error

    def _scale(
        self, stack: StackPlan, facts: HeaderFacts, frame: FrameFacts
    ) -> tuple[float, list[Flag]]:
        """Stored to physical: the header's mapping, else a token in its texts, else the rule's."""
        with self._objects[stack.frames[0].sop_instance_uid].source.open() as file:
            if is_scaled(file):
                return 1.0, []
        token = _SCALE_TOKEN.search(f"{frame.comments} {facts.series_description}")
        if token and float(token.group(1)) > 0:
            return 1.0 / float(token.group(1)), []
        unit = "ml/min/g" if stack.role == "map" else "mmol/L"
        text = f"The header gives no unit; a stored value of 1 was taken as {stack.scale:g} {unit}."
        return stack.scale, [Flag(code="scale-assumed", message=text)]


def _by_object(refs: Sequence[FrameRef], used: Sequence[int]) -> dict[str, list[int]]:
    wanted: dict[str, list[int]] = {}
    for i in used:
        wanted.setdefault(refs[i].sop_instance_uid, []).append(i)
    return wanted


def _judged(values: Floats, ceiling: float) -> FrameStatus:
    if not np.isfinite(values).all():
        return FrameStatus.NOT_FINITE
    if values.min() == values.max():
        return FrameStatus.CONSTANT
    if (values >= ceiling).mean() > SATURATED_PART:
        return FrameStatus.SATURATED
    return FrameStatus.USED


def _pixel_flags(status: Bytes, unreadable: int) -> list[Flag]:
    said = {
        FrameStatus.NOT_FINITE: "hold values that are no numbers or cannot be decoded",
        FrameStatus.CONSTANT: "are empty (one single value)",
        FrameStatus.SATURATED: "are clipped at the largest storable value",
    }
    flags = []
    for code, words in said.items():
        count = int((status == code).sum())
        if count:
            name = f"frames-{code.name.lower().replace('_', '-')}"
            flags.append(Flag(code=name, message=f"{count} frames {words} and are not used."))
    return flags


def _pd_by_level(data: _Loaded) -> int:
    """How many leading frames are so bright that they must be proton-density images, else 0."""
    level = data.signal.mean(axis=(1, 2))
    for count in range(_MOST_PD_BY_LEVEL, 0, -1):
        after = level[count : count + 6]
        if len(after) == 6 and np.median(after) > 0:
            usual = float(np.median(after))
            steady = float(after.max()) < 1.3 * usual
            if steady and float(level[:count].min()) > PD_LEVEL_RATIO * usual:
                return count
    return 0


def _reference_flag(facts: Sequence[HeaderFacts]) -> list[Flag]:
    if len({f.frame_of_reference_uid for f in facts}) < 2:
        return []
    text = "The frames of this slice have several frames of reference: did the patient move?"
    return [Flag(code="mixed-frames-of-reference", message=text)]


def _reference_flags(acquisitions: Sequence[Acquisition]) -> list[Flag]:
    references = {s.geometry.frame_of_reference_uid for a in acquisitions for s in a.slices}
    if len(references - {""}) < 2:
        return []
    text = "Stress and rest have different frames of reference; their planes cannot be compared."
    return [Flag(code="frames-of-reference-differ", message=text)]
