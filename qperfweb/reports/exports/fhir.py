"""FHIR R4: a collection of DiagnosticReport, Observations and ImagingStudy as JSON."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

from pydicom.sr.coding import Code

from analysis.constants import SEGMENT_NAMES
from qperfweb.reviews.ratios import ratio_of_row
from qperfweb.reviews.table import GLOBAL, SegmentValue, row_names, value_of_row

from . import codes
from .assessment import heart_observations, segment_codes
from .subject import MANUFACTURER, ExportSubject, installation

_SYSTEMS = {
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "SCT": "http://snomed.info/sct",
    codes.PRIVATE: "urn:qperfweb:codes",
}
UCUM = "http://unitsofmeasure.org"
_QUANTITIES = {
    "mbf": (codes.BLOOD_FLOW, codes.FLOW_ERROR, codes.FLOW_UNIT),
    "relative_upslope": (codes.UPSLOPE, codes.UPSLOPE_ERROR, codes.RATIO_UNIT),
}
_FHIR_SEX = {"M": "male", "F": "female", "O": "other"}

Resource = dict[str, Any]


def fhir_bundle(subject: ExportSubject) -> Resource:
    """What the reading says, status "final" only when it is signed ("amended" with an addendum)."""
    patient = _patient(subject)
    imaging = _imaging_study(subject)
    device: Resource = {
        "resourceType": "Device",
        "id": _id(subject, "device"),
        "identifier": [{"system": "urn:qperfweb:installation", "value": installation()}],
        "deviceName": [{"name": MANUFACTURER, "type": "manufacturer-name"}],
        "version": [{"value": subject.run.pipeline_version or "unknown"}],
    }
    observations = [
        *_flow_observations(subject),
        *_reserve_observations(subject),
        *_heart_observations(subject),
    ]
    report: Resource = {
        "resourceType": "DiagnosticReport",
        "id": _id(subject, "report"),
        "status": _status(subject),
        "code": _concept(codes.PROCEDURE),
        "subject": _reference(patient),
        "effectiveDateTime": _study_moment(subject),
        "issued": subject.at.isoformat(timespec="seconds"),
        "imagingStudy": [_reference(imaging)],
        "result": [_reference(o) for o in observations],
        "conclusion": _conclusion(subject),
    }
    if subject.observer_name:
        report["resultsInterpreter"] = [{"display": subject.observer_name}]
    # One report per study and installation: what is signed takes the place of what was automated.
    report["identifier"] = [_own_identifier(subject, "report")]
    if subject.study.accession_number:
        report["identifier"].append({"value": subject.study.accession_number})
    for resource in (*observations, report):
        resource["subject"] = _reference(patient)
        if resource.get("effectiveDateTime") is None:
            resource.pop("effectiveDateTime", None)
    members = [report, *observations, patient, imaging, device]
    return {
        "resourceType": "Bundle",
        "id": _id(subject, "bundle"),
        "type": "collection",
        "timestamp": subject.at.isoformat(timespec="seconds"),
        "entry": [{"fullUrl": f"urn:uuid:{m['id']}", "resource": m} for m in members],
    }


_CREATED_ONCE = ("Patient", "Device", "ImagingStudy")


def fhir_transaction(bundle: Resource) -> Resource:
    """The bundle as a transaction that may be posted again without doing anything twice.

    Report and observations are put under identifiers of their own. The patient, the study and the
    device are made only where the server has none with their identifier: what a hospital says
    about its patients is not ours to change.
    """
    entries = []
    for entry in bundle["entry"]:
        resource = {k: v for k, v in entry["resource"].items() if k != "id"}
        kind, named = resource["resourceType"], resource["identifier"][0]
        system = f"{named['system']}|" if "system" in named else ""
        query = urlencode({"identifier": f"{system}{named['value']}"})
        request = (
            {"method": "POST", "url": kind, "ifNoneExist": query}
            if kind in _CREATED_ONCE
            else {"method": "PUT", "url": f"{kind}?{query}"}
        )
        entries.append({"fullUrl": entry["fullUrl"], "resource": resource, "request": request})
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _own_identifier(subject: ExportSubject, key: str) -> dict[str, str]:
    value = f"{installation()}/{subject.study.study_instance_uid}/{key}"
    return {"system": "urn:qperfweb:result", "value": value}


def _flow_observations(subject: ExportSubject) -> list[Resource]:
    found = []
    for acquired in subject.acquired:
        code, error, unit = _QUANTITIES[acquired.quantity]
        for row, *_ in row_names(acquired.territories):
            if not isinstance(row, int) and row != GLOBAL:
                continue
            value = value_of_row(acquired, row)
            if value is None:
                continue
            observation = _observation(subject, f"{acquired.key}/{row}", code, row)
            observation["component"] = [
                _coded(codes.STRESS_STATE, codes.CONDITIONS[acquired.condition]),
                _coded(codes.ORIGIN, codes.ORIGINS[value.source]),
            ]
            if isinstance(row, int):
                scored = segment_codes(subject, acquired.condition, row)
                observation["component"] += [_coded(*pair) for pair in scored]
            _put_value(observation, value, error, unit)
            found.append(observation)
    return found


def _put_value(observation: Resource, value: SegmentValue, error: Code, unit: Code) -> None:
    if value.value is None:
        observation["dataAbsentReason"] = {"text": value.not_measured_reason or "not measured"}
    else:
        observation["valueQuantity"] = _quantity(value.value, unit)
    if value.standard_error is not None:
        observation["component"].append(
            {"code": _concept(error), "valueQuantity": _quantity(value.standard_error, unit)}
        )


def _reserve_observations(subject: ExportSubject) -> list[Resource]:
    is_flow = bool(subject.acquired) and subject.acquired[0].quantity == "mbf"
    found = []
    for row in (*SEGMENT_NAMES, GLOBAL):
        ratio = ratio_of_row(subject.document, list(subject.acquired), row)
        if ratio is None:
            continue
        code = codes.RESERVE if is_flow else codes.RESERVE_INDEX
        observation = _observation(subject, f"reserve/{row}", code, row)
        if ratio.value is None:
            observation["dataAbsentReason"] = {"text": ratio.reason or "not measured"}
        else:
            observation["valueQuantity"] = _quantity(ratio.value, codes.RATIO_UNIT)
        components = []
        if ratio.standard_error is not None:
            amount = _quantity(ratio.standard_error, codes.RATIO_UNIT)
            components.append({"code": _concept(codes.RESERVE_ERROR), "valueQuantity": amount})
        if ratio.derived_from_typed:
            components.append(_coded(codes.ORIGIN, codes.DERIVED_FROM_TYPED))
        if components:
            observation["component"] = components
        found.append(observation)
    return found


def _heart_observations(subject: ExportSubject) -> list[Resource]:
    found = []
    for code, amount, unit in heart_observations(subject):
        observation = _observation(subject, f"heart/{code.value}", code, GLOBAL)
        observation["valueQuantity"] = _quantity(amount, unit)
        found.append(observation)
    return found


def _observation(subject: ExportSubject, key: str, code: Code, row: int | str) -> Resource:
    site = codes.SEGMENTS[row] if isinstance(row, int) else codes.MYOCARDIUM
    return {
        "resourceType": "Observation",
        "id": _id(subject, key),
        "identifier": [_own_identifier(subject, key)],
        "status": _status(subject),
        "code": _concept(code),
        "effectiveDateTime": _study_moment(subject),
        "issued": subject.at.isoformat(timespec="seconds"),
        "bodySite": _concept(site),
        "device": {"reference": f"urn:uuid:{_id(subject, 'device')}"},
    }


def _patient(subject: ExportSubject) -> Resource:
    header = subject.header
    identifier = _own_identifier(subject, "patient")  # who has no ID is one person per study
    if header.PatientID:
        identifier = {"value": str(header.PatientID)}
    patient: Resource = {
        "resourceType": "Patient",
        "id": _id(subject, "patient"),
        "identifier": [identifier],
    }
    if header.PatientID and header.IssuerOfPatientID:
        patient["identifier"][0]["assigner"] = {"display": str(header.IssuerOfPatientID)}
    family, *given = str(header.PatientName).split("=")[0].split("^")[:3]
    name = {"family": family, "given": [one for one in given if one]}
    if any(name.values()):  # FHIR knows no empty text
        patient["name"] = [{key: value for key, value in name.items() if value}]
    if header.PatientSex:
        patient["gender"] = _FHIR_SEX[header.PatientSex]
    born = str(header.PatientBirthDate)
    if born:
        patient["birthDate"] = f"{born[:4]}-{born[4:6]}-{born[6:]}"
    return patient


def _imaging_study(subject: ExportSubject) -> Resource:
    return {
        "resourceType": "ImagingStudy",
        "id": _id(subject, "imaging"),
        "status": "available",
        "subject": {"reference": f"urn:uuid:{_id(subject, 'patient')}"},
        "identifier": [
            {"system": "urn:dicom:uid", "value": f"urn:oid:{subject.study.study_instance_uid}"}
        ],
        "modality": [{"system": _SYSTEMS["DCM"], "code": "MR"}],
    }


def _status(subject: ExportSubject) -> str:
    if subject.signature is None:
        return "preliminary"
    return "amended" if subject.addenda else "final"


def _conclusion(subject: ExportSubject) -> str:
    text = [subject.content["report"].get("impression", "")]
    text += [f"Addendum {a.number}: {a.text}" for a in subject.addenda]
    if subject.signature is None:
        text.insert(0, subject.status_words)
    return "\n".join(part for part in text if part) or "No impression was written."


def _study_moment(subject: ExportSubject) -> str | None:
    return subject.study.study_date.isoformat() if subject.study.study_date else None


def _coded(code: Code, value: Code) -> Resource:
    return {"code": _concept(code), "valueCodeableConcept": _concept(value)}


def _concept(code: Code) -> Resource:
    system = _SYSTEMS[code.scheme_designator]
    return {
        "coding": [{"system": system, "code": code.value, "display": code.meaning}],
        "text": code.meaning,
    }


def _quantity(value: float, unit: Code) -> Resource:
    return {"value": value, "unit": unit.value, "system": UCUM, "code": unit.value}


def _reference(resource: Resource) -> Resource:
    return {"reference": f"urn:uuid:{resource['id']}"}


def _id(subject: ExportSubject, *parts: str) -> str:
    return str(uuid.UUID(int=int(subject.uid("fhir", *parts).removeprefix("2.25."))))
