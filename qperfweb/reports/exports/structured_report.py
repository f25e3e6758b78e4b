"""Structured reports after TID 1500: a measurement group per AHA segment and condition.

Written as Comprehensive 3D SR, and with the same content as Enhanced SR for systems that take
nothing newer. A report that replaces a signed one names it as its predecessor.

A measured value refers to the segment of the segmentation that it is the mean of. A value that a
person typed refers to nothing, has no algorithm and no error, and says "entered by observer".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from highdicom.seg import Segmentation
from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    EnhancedSR,
    FindingSite,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes as standard

from analysis.constants import SEGMENT_NAMES
from qperfweb.reviews.ratios import RatioValue, ratio_of_row
from qperfweb.reviews.table import Acquired, SegmentValue

from . import codes
from .assessment import heart_group, segment_evaluations
from .common import coding_schemes, finish, place, reference
from .regions import region_of
from .segmentation import person_name
from .subject import MANUFACTURER, Edition, ExportSlice, ExportSubject, installation

_VALUE = {"mbf": codes.BLOOD_FLOW, "relative_upslope": codes.UPSLOPE}
_ERROR = {"mbf": codes.FLOW_ERROR, "relative_upslope": codes.UPSLOPE_ERROR}
_AUTOMATED = {"mbf": codes.AUTOMATED_FLOW, "relative_upslope": codes.AUTOMATED_UPSLOPE}
_UNIT = {"mbf": codes.FLOW_UNIT, "relative_upslope": codes.RATIO_UNIT}
_MEAN = standard.SCT.Mean

Group = MeasurementsAndQualitativeEvaluations | PlanarROIMeasurementsAndQualitativeEvaluations


Report = Comprehensive3DSR | EnhancedSR

_KINDS: tuple[tuple[str, type[Report]], ...] = (
    ("sr", Comprehensive3DSR), ("sr_enhanced", EnhancedSR),
)  # fmt: skip


def structured_reports(
    subject: ExportSubject, segmentations: Sequence[Segmentation]
) -> list[Report]:
    """The measurements of a subject; a signed one is verified by its signer."""
    content = _content(subject, segmentations)
    return [_report(subject, segmentations, content, *kind) for kind in _KINDS]


def structured_report(subject: ExportSubject, segmentations: Sequence[Segmentation]) -> Report:
    """The Comprehensive 3D SR alone."""
    return _report(subject, segmentations, _content(subject, segmentations), *_KINDS[0])


def _content(subject: ExportSubject, segmentations: Sequence[Segmentation]) -> Dataset:
    groups = [
        _segment_group(subject, segmentations, acquired, number, acquired.segments[number])
        for acquired in subject.acquired
        for number in sorted(acquired.segments)
    ]
    groups += _reserve_groups(subject)
    whole = heart_group(subject)
    groups += [whole] if whole is not None else []
    report = MeasurementReport(
        observation_context=_observers(subject),
        procedure_reported=codes.PROCEDURE,
        imaging_measurements=groups,
        title=standard.DCM.ImagingMeasurementReport,
    )
    root: Dataset = report[0]
    return root


def _report(
    subject: ExportSubject,
    segmentations: Sequence[Segmentation],
    content: Dataset,
    kind: str,
    sop_class: type[Report],
) -> Report:
    signature = subject.signature
    ds = sop_class(
        evidence=[*segmentations, *_evidence(subject.slices)],
        content=content,
        sop_instance_uid=subject.uid(kind),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=signature is not None,
        is_final=signature is not None,
        is_verified=signature is not None,
        verifying_observer_name=person_name(signature.signer_name) if signature else None,
        verifying_organization=subject.study.site.name if signature else None,
        manufacturer_model_name=MANUFACTURER,
        software_versions=subject.run.pipeline_version or "unknown",
        device_serial_number=installation(),
        coding_schemes=coding_schemes(),
        **place(subject, kind),
    )
    if signature is not None:
        ds.VerifyingObserverSequence[0].VerificationDateTime = subject.at.strftime("%Y%m%d%H%M%S")
    if subject.replaced is not None:
        ds.PredecessorDocumentsSequence = [_predecessor(subject.replaced, kind, ds.SOPClassUID)]
    finish(ds, subject, "QPerf measurements")
    return ds


def _predecessor(replaced: Edition, kind: str, sop_class_uid: str) -> Dataset:
    """The report of the same kind that this one replaces."""
    series = Dataset()
    series.SeriesInstanceUID = replaced.uid("series", kind, 0)
    series.ReferencedSOPSequence = [reference(replaced.uid(kind), sop_class_uid)]
    item = Dataset()
    item.StudyInstanceUID = replaced.study_instance_uid
    item.ReferencedSeriesSequence = [series]
    return item


def _observers(subject: ExportSubject) -> ObservationContext:
    device = ObserverContext(
        observer_type=standard.DCM.Device,
        observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
            uid=subject.uid("device"),
            name=MANUFACTURER,
            manufacturer_name=MANUFACTURER,
            model_name=MANUFACTURER,
            serial_number=installation(),
        ),
    )
    name = person_name(subject.observer_name)
    if name is None:
        return ObservationContext(observer_device_context=device)
    person = ObserverContext(
        observer_type=standard.DCM.Person,
        observer_identifying_attributes=PersonObserverIdentifyingAttributes(
            name=name, organization_name=subject.study.site.name
        ),
    )
    return ObservationContext(observer_person_context=person, observer_device_context=device)


def _segment_group(
    subject: ExportSubject,
    segmentations: Sequence[Segmentation],
    acquired: Acquired,
    number: int,
    value: SegmentValue,
) -> Group:
    common: dict[str, Any] = {
        "tracking_identifier": TrackingIdentifier(
            uid=subject.uid("tracking", acquired.key, number),
            identifier=f"{acquired.key} AHA {number} {SEGMENT_NAMES[number]}",
        ),
        "finding_sites": [FindingSite(codes.SEGMENTS[number])],
        "session": acquired.condition,
        "measurements": _measurements(subject, value) or None,
        "qualitative_evaluations": [
            QualitativeEvaluation(codes.STRESS_STATE, codes.CONDITIONS[acquired.condition]),
            QualitativeEvaluation(codes.ORIGIN, codes.ORIGINS[value.source]),
            *segment_evaluations(subject, acquired.condition, number),
            *([] if value.value is not None else [_not_measured()]),
        ],
    }
    region = None
    if value.source in ("automated", "contour"):
        region = region_of(subject, segmentations, acquired, number)
    if region is None:
        group: Group = MeasurementsAndQualitativeEvaluations(**common)
    else:
        group = PlanarROIMeasurementsAndQualitativeEvaluations(
            **common,
            finding_type=codes.MYOCARDIUM,
            referenced_segment=region,
        )
    _remark(group, value.not_measured_reason)
    return group


def _measurements(subject: ExportSubject, value: SegmentValue) -> list[Measurement]:
    quantity = value.quantity
    unit = _UNIT[quantity]
    found = []
    if value.value is not None:
        typed = value.source == "typed"
        found.append(
            Measurement(
                name=_VALUE[quantity],
                value=value.value,
                unit=unit,
                derivation=None if typed else _MEAN,
                algorithm_id=None if typed else _algorithm(subject),
                method=standard.DCM.ManualEntry if typed else None,
            )
        )
    if value.standard_error is not None:
        found.append(Measurement(name=_ERROR[quantity], value=value.standard_error, unit=unit))
    if value.source != "automated" and value.automated_value is not None:
        found.append(
            Measurement(
                name=_AUTOMATED[quantity],
                value=value.automated_value,
                unit=unit,
                algorithm_id=_algorithm(subject),
            )
        )
    return found


def _algorithm(subject: ExportSubject) -> AlgorithmIdentification:
    models = [f"{name} {version}" for name, version in subject.run.model_versions.items()]
    flow = {str(a["model"]) for a in subject.document["acquisitions"] if a.get("model")}
    return AlgorithmIdentification(
        name="QPerf Web pipeline",
        version=subject.run.pipeline_version or "unknown",
        parameters=[f"run {subject.run.pk}", *(f"flow model {m}" for m in sorted(flow)), *models],
    )


def _reserve_groups(subject: ExportSubject) -> list[Group]:
    acquired = list(subject.acquired)
    groups: list[Group] = []
    for number in SEGMENT_NAMES:
        ratio = ratio_of_row(subject.document, acquired, number)
        if ratio is None:
            continue
        evaluations = []
        if ratio.derived_from_typed:
            evaluations.append(QualitativeEvaluation(codes.ORIGIN, codes.DERIVED_FROM_TYPED))
        if ratio.value is None:
            evaluations.append(_not_measured())
        group = MeasurementsAndQualitativeEvaluations(
            tracking_identifier=TrackingIdentifier(
                uid=subject.uid("tracking", "reserve", number),
                identifier=f"reserve AHA {number} {SEGMENT_NAMES[number]}",
            ),
            finding_sites=[FindingSite(codes.SEGMENTS[number])],
            session="stress over rest",
            measurements=_ratio_measurements(subject, ratio) or None,
            qualitative_evaluations=evaluations or None,
        )
        _remark(group, ratio.reason)
        groups.append(group)
    return groups


def _ratio_measurements(subject: ExportSubject, ratio: RatioValue) -> list[Measurement]:
    is_flow = subject.acquired[0].quantity == "mbf"
    found = []
    if ratio.value is not None:
        found.append(
            Measurement(
                name=codes.RESERVE if is_flow else codes.RESERVE_INDEX,
                value=ratio.value,
                unit=codes.RATIO_UNIT,
                algorithm_id=None if ratio.derived_from_typed else _algorithm(subject),
            )
        )
    if ratio.standard_error is not None:
        found.append(
            Measurement(name=codes.RESERVE_ERROR, value=ratio.standard_error, unit=codes.RATIO_UNIT)
        )
    return found


def _not_measured() -> QualitativeEvaluation:
    return QualitativeEvaluation(codes.ORIGIN, codes.NOT_MEASURED)


def _remark(group: Group, text: str | None) -> None:
    """Why there is no value, as a comment of the group."""
    if text:
        group[0].ContentSequence.append(
            TextContentItem(
                name=CodedConcept(value="121106", meaning="Comment", scheme_designator="DCM"),
                value=text,
                relationship_type="CONTAINS",
            )
        )


def _evidence(slices: Iterable[ExportSlice]) -> list[Dataset]:
    """Source headers, each object once."""
    headers = {s.source.header.SOPInstanceUID: s.source.header for s in slices}
    return list(headers.values())
