"""What the header of an object says, as plain values: small, frozen, JSON-able, no pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from analysis.dicom.plain import PlainPixels

Triple = tuple[float, float, float]
Six = tuple[float, float, float, float, float, float]


IDENTITY_FIELDS = (
    "patient_id", "issuer_of_patient_id", "patient_name", "patient_birth_date", "patient_sex",
    "accession_number",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class FrameFacts:
    """One frame of an object (a classic object has one).

    Times are seconds since 1970-01-01 in the scanner's local time (since midnight where the
    header has no date); durations are milliseconds. None: the header does not say.

    temporal_index: TemporalPositionIndex, else TemporalPositionIdentifier.
    frame_moment_s: FrameAcquisitionDateTime (enhanced objects only).
    acquisition_moment_s: AcquisitionDateTime, else AcquisitionDate and AcquisitionTime.
    trigger_ms: TriggerTime; cumulative since the start of the series with some vendors.
    interval_ms: nominal interval between beats, else 60000 / heart rate, else TemporalResolution.
    scale_slope, scale_intercept: the vendor's private scale (Philips), 1 and 0 without.
    """

    index: int = 0
    temporal_index: int | None = None
    stack_id: str = ""
    in_stack: int | None = None
    frame_moment_s: float | None = None
    acquisition_moment_s: float | None = None
    trigger_ms: float | None = None
    interval_ms: float | None = None
    position_mm: Triple | None = None
    orientation: Six | None = None
    spacing_mm: tuple[float, float] | None = None
    thickness_mm: float | None = None
    slice_location: float | None = None
    echo_ms: float | None = None
    echo_number: int | None = None
    flip_deg: float | None = None
    inversion_ms: float | None = None
    repetition_ms: float | None = None
    image_type: tuple[str, ...] = ()
    comments: str = ""
    scale_slope: float = 1.0
    scale_intercept: float = 0.0


@dataclass(frozen=True, kw_only=True)
class HeaderFacts:
    """One SOP instance. Identity fields are as sent, cleaned of control characters.

    plain: where the pixels stand, of an object whose pixels need no decoder.
    """

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    transfer_syntax_uid: str
    modality: str = ""
    patient_id: str = ""
    issuer_of_patient_id: str = ""
    patient_name: str = ""
    patient_birth_date: str = ""
    patient_sex: str = ""
    accession_number: str = ""
    study_id: str = ""
    study_date: str = ""
    study_time: str = ""
    study_description: str = ""
    series_number: int | None = None
    series_description: str = ""
    series_moment_s: float | None = None
    protocol_name: str = ""
    sequence_name: str = ""
    stage_name: str = ""
    manufacturer: str = ""
    model_name: str = ""
    station_name: str = ""
    software: str = ""
    institution: str = ""
    instance_number: int | None = None
    acquisition_number: int | None = None
    frame_of_reference_uid: str = ""
    rows: int = 0
    columns: int = 0
    frame_count: int = 1
    bits_stored: int = 16
    samples_per_pixel: int = 1
    photometric: str = "MONOCHROME2"
    field_strength_t: float | None = None
    scanning_sequence: str = ""
    sequence_variant: str = ""
    scan_options: str = ""
    echo_train_length: int | None = None
    phase_lines: float | None = None
    acceleration: float | None = None
    agent: str = ""
    heart_rate_bpm: float | None = None
    weight_kg: float | None = None
    phase_encoding: str = ""
    problems: tuple[str, ...] = ()
    frames: tuple[FrameFacts, ...] = ()
    plain: PlainPixels | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON value; fields that hold their default are left out."""
        shared = _without_defaults(self, skip=("frames", "plain"))
        shared["frames"] = [_without_defaults(frame) for frame in self.frames]
        if self.plain is not None:
            shared["plain"] = asdict(self.plain)
        return shared

    def without_identity(self) -> HeaderFacts:
        """The facts without who the patient is: what may be stored in plain text."""
        blank = dict.fromkeys(IDENTITY_FIELDS, "")
        return replace(self, **blank)  # type: ignore[arg-type]  # all of them are texts

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> HeaderFacts:
        """The facts that ``to_json`` wrote; unknown fields of other versions are ignored."""
        frames = tuple(FrameFacts(**_known(FrameFacts, frame)) for frame in value["frames"])
        plain = PlainPixels(**value["plain"]) if "plain" in value else None
        return cls(**_known(cls, value) | {"frames": frames, "plain": plain})


def _without_defaults(
    facts: HeaderFacts | FrameFacts, skip: tuple[str, ...] = ()
) -> dict[str, Any]:
    given = {}
    for field in fields(facts):
        value = getattr(facts, field.name)
        if field.name not in skip and value != field.default:
            given[field.name] = list(value) if isinstance(value, tuple) else value
    return given


def _known(cls: type, value: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(cls)}
    return {
        name: tuple(item) if isinstance(item, list) else item
        for name, item in value.items()
        if name in names
    }


def as_dict(facts: HeaderFacts) -> dict[str, Any]:
    """All fields, defaults included, for a person to read."""
    return asdict(facts)
