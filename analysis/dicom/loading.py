"""Objects and a classification to an Exam: arrays in time order with geometry and protocol."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from analysis.dicom.classification import classify
from analysis.dicom.facts import FrameFacts, HeaderFacts
from analysis.dicom.frame_doubts import (
    judged,
    leading_pd_frames,
    of_input_images,
    pixel_flags,
    reference_flags,
    references_differ,
    zero_flags,
)
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
from analysis.domain import (
    Acquisition,
    AifSeries,
    Bytes,
    Exam,
    Floats,
    PerfusionSlice,
    ReadoutProtocol,
    SequenceClass,
)
from analysis.errors import BadInput, NothingToAnalyse
from analysis.quality import Flag, FrameStatus

_MOST_REASONS: Final = 3
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
        raise NothingToAnalyse(_nothing(classification, by_uid.values()))
    loader = _Loader(by_uid)
    acquisitions = tuple(loader.acquisition(plan) for plan in classification.acquisitions)
    return Exam(
        study_instance_uid=classification.study_instance_uid,
        acquisitions=acquisitions,
        flags=(*classification.flags, *references_differ(acquisitions)),
    )


def _nothing(classification: StudyClassification, objects: Iterable[ReadObject]) -> str:
    if not classification.series:
        return "No readable MR images were found; give the folder or zip of a perfusion study."
    numbers = {o.facts.series_instance_uid: o.facts.series_number for o in objects}
    told: dict[str, list[str]] = {}
    for one in classification.series:
        number = numbers.get(one.series_instance_uid)
        told.setdefault(one.reason, []).append("?" if number is None else str(number))
    reasons = [f"series {', '.join(them)}: {reason}" for reason, them in told.items()]
    more = (
        f"; and {len(reasons) - _MOST_REASONS} more reasons" if len(reasons) > _MOST_REASONS else ""
    )
    return (
        "No series is a first-pass perfusion series "
        f"({'; '.join(reasons[:_MOST_REASONS])}{more}); give the perfusion series or set its role "
        "by hand."
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
            by_level = (
                0
                if is_pd.any() or plan.sequence in ("gd", "map")
                else leading_pd_frames(data.signal)
            )
            is_pd[:by_level] = True
            pd_marks.append(is_pd)
            slices.append(self._slice(stack, data, is_pd, by_level))
        first = loaded[0]
        every = [o.facts for o in self._objects.values()]
        protocol = protocol_of(
            first.facts, first.frames, list(pd_marks[0]), aif=False, others=every
        )
        if plan.sequence != "dual":
            protocol = _not_converted(protocol)
        return Acquisition(
            condition=plan.condition,
            sequence=plan.sequence,
            slices=tuple(slices),
            protocol=protocol,
            aif=self._aif(plan.aif, protocol, plan.sequence) if plan.aif else None,
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

    def _aif(self, stack: StackPlan, slices: ReadoutProtocol, sequence: SequenceClass) -> AifSeries:
        echoes = sorted({f.echo for f in stack.frames})
        per_echo = [[f for f in stack.frames if f.echo == echo] for echo in echoes]
        loaded = [self._stack(stack, frames) for frames in per_echo]
        is_pd = np.array([f.role == "pd" for f in per_echo[0]])
        status = loaded[0].status.copy()
        for other in loaded[1:]:
            status = np.where(status == FrameStatus.USED, other.status, status).astype(np.uint8)
        status[is_pd & (status == FrameStatus.USED)] = FrameStatus.PROTON_DENSITY
        geometry, doubts = geometry_of(loaded[0].facts[0], loaded[0].frames, "basal")
        # Of its plane the slices say the same.
        doubts = tuple(flag for flag in doubts if flag.code == "spacing-assumed")
        every_facts = [facts for data in loaded for facts in data.facts]
        every_frame = [frame for data in loaded for frame in data.frames]
        protocol = protocol_of(
            every_facts,
            every_frame,
            list(is_pd) * len(loaded),
            aif=True,
            others=[o.facts for o in self._objects.values()],
        )
        told = {flag.message for flag in slices.assumptions}
        protocol = replace(
            protocol, assumptions=tuple(f for f in protocol.assumptions if f.message not in told)
        )
        return AifSeries(
            series_instance_uid=stack.series_instance_uid,
            signal=np.stack([data.signal for data in loaded]),
            time_s=np.array([f.time_s for f in per_echo[0]], dtype=np.float64),
            is_pd=is_pd,
            frame_status=status,
            geometry=geometry,
            protocol=protocol if sequence == "dual" else _not_converted(protocol),
            instance_uids=tuple(f.sop_instance_uid for f in per_echo[0]),
            in_mmol_per_l=stack.role == "aif_gd",
            flags=of_input_images(
                (*stack.flags, *doubts, *(f for data in loaded for f in data.flags))
            ),
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
                        file, facts[wanted[0]], numbers, physical=physical
                    ):
                        i = places[number]
                        signal[i] = values * np.float32(scale)
                        if status[i] == FrameStatus.USED:
                            status[i] = judged(values, ceiling)
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
        flags = [*scale_flags, *pixel_flags(status, len(unreadable)), *reference_flags(facts)]
        if not physical:
            flags.extend(zero_flags(signal, status))
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


def _not_converted(protocol: ReadoutProtocol) -> ReadoutProtocol:
    """Where no signal becomes a concentration, no assumption about it changes a number."""
    told = tuple(replace(flag, severity="information") for flag in protocol.assumptions)
    return replace(protocol, assumptions=told)


def _by_object(refs: Sequence[FrameRef], used: Sequence[int]) -> dict[str, list[int]]:
    wanted: dict[str, list[int]] = {}
    for i in used:
        wanted.setdefault(refs[i].sop_instance_uid, []).append(i)
    return wanted
