"""The trail as DICOM audit messages (PS3.15 A.5), as IHE ATNA record repositories take them.

One event is one message. Actions are mapped to the standard's events by how their name begins; what
the standard has no event for is an "Application Activity" whose type is our own code. A study is
named by its UID and its patient by pseudonym, as far as their rows still exist.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from itertools import islice
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, SubElement, tostring

from django.apps import apps

from qperfweb.core.models import TrailEvent

SOURCE = "QPerf Web"
OWN_CODES = "99QPERF"
CHUNK = 500


class Code(NamedTuple):
    """A coded value: code, system, meaning."""

    code: str
    system: str
    meaning: str


class Kind(NamedTuple):
    """What an action is in the standard's words: event, how it acts (C R U D E), event type."""

    event: Code
    acts: str
    type: Code | None = None


def _dcm(code: str, meaning: str) -> Code:
    return Code(code, "DCM", meaning)


_ACTIVITY = _dcm("110100", "Application Activity")
_LOG_USED = _dcm("110101", "Audit Log Used")
_ACCESSED = _dcm("110103", "DICOM Instances Accessed")
_TRANSFERRED = _dcm("110104", "DICOM Instances Transferred")
_DELETED = _dcm("110105", "DICOM Study Deleted")
_EXPORT = _dcm("110106", "Export")
_IMPORT = _dcm("110107", "Import")
_QUERY = _dcm("110112", "Query")
_ALERT = _dcm("110113", "Security Alert")
_AUTHENTICATION = _dcm("110114", "User Authentication")
_LOGIN, _LOGOUT = _dcm("110122", "Login"), _dcm("110123", "Logout")
_ROLES = _dcm("110136", "Security Roles Changed")
_USER = _dcm("110137", "User Security Attributes Changed")
_SECURITY = _dcm("110129", "Security Configuration")

KINDS: Sequence[tuple[str, Kind]] = (
    ("person.signed_in", Kind(_AUTHENTICATION, "E", _LOGIN)),
    ("person.sign_in_failed", Kind(_AUTHENTICATION, "E", _LOGIN)),
    ("person.signed_out", Kind(_AUTHENTICATION, "E", _LOGOUT)),
    ("person.session_", Kind(_AUTHENTICATION, "E", _LOGOUT)),
    ("person.", Kind(_ALERT, "E", _USER)),
    ("membership.", Kind(_ALERT, "E", _ROLES)),
    ("token.", Kind(_ALERT, "E", _USER)),
    ("site.eras", Kind(_DELETED, "D")),
    ("site.", Kind(_ALERT, "E", _SECURITY)),
    ("access.refused", Kind(_ALERT, "E")),
    ("trail.", Kind(_LOG_USED, "R")),
    ("intake.", Kind(_IMPORT, "C")),
    ("results.", Kind(_TRANSFERRED, "R")),
    ("report.", Kind(_EXPORT, "R")),
    ("reading.exported", Kind(_EXPORT, "R")),
    ("agreement.exported", Kind(_EXPORT, "R")),
    ("study.exported", Kind(_EXPORT, "R")),
    ("study.erased", Kind(_DELETED, "D")),
    ("study.images_removed", Kind(_DELETED, "D")),
    ("patient.erased", Kind(_DELETED, "D")),
    ("patient.exported", Kind(_EXPORT, "R")),
    ("study.searched", Kind(_QUERY, "E")),
    ("worklist.viewed", Kind(_QUERY, "E")),
    ("study.", Kind(_ACCESSED, "R")),
    ("run.arrays_taken", Kind(_ACCESSED, "R")),
    ("reading.", Kind(_ACCESSED, "U")),
    ("series.", Kind(_ACCESSED, "U")),
)
"""The first beginning that fits says what an action is."""

_OTHER = Kind(_ACTIVITY, "E")
_FAILURES = ("person.sign_in_failed", "access.refused", "results.not-sent", "run.failed")
_ROLE_OF_PERSON = _dcm("110153", "Source Role ID")
_STUDY_UID = _dcm("110180", "Study Instance UID")
_PATIENT_NUMBER = Code("2", "RFC-3881", "Patient Number")
_USER_NUMBER = Code("11", "RFC-3881", "User Identifier")
_RECORD = Code("record", OWN_CODES, "Record of QPerf Web")


class Subject(NamedTuple):
    """The study and the patient that an event is about, as the outside knows them."""

    study_uid: str
    pseudonym: str


def messages(events: Iterable[TrailEvent]) -> Iterator[str]:
    """One XML document per event, in order, without a line break."""
    waiting = iter(events)
    while chunk := list(islice(waiting, CHUNK)):
        subjects = _subjects(chunk)
        for event in chunk:
            yield message(event, subjects.get((event.object_type, event.object_id)))


def message(event: TrailEvent, subject: Subject | None = None) -> str:
    """The audit message of one event."""
    kind = kind_of(event.action)
    root = Element("AuditMessage")
    at = event.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    failed = event.action in _FAILURES
    identification = SubElement(
        root,
        "EventIdentification",
        EventActionCode=kind.acts,
        EventDateTime=at,
        EventOutcomeIndicator="4" if failed else "0",
    )
    _coded(identification, "EventID", kind.event)
    if kind.type:
        _coded(identification, "EventTypeCode", kind.type)
    _coded(identification, "EventTypeCode", Code(event.action, OWN_CODES, event.action))
    _person(root, event)
    source = SubElement(
        root,
        "AuditSourceIdentification",
        AuditEnterpriseSiteID=event.site.slug if event.site else "installation",
        AuditSourceID=SOURCE,
    )
    SubElement(source, "AuditSourceTypeCode", {"csd-code": "4"})  # an application server
    _objects(root, event, subject)
    return tostring(root, encoding="unicode")


def kind_of(action: str) -> Kind:
    """What an action is in the standard's words."""
    return next((kind for begins, kind in KINDS if action.startswith(begins)), _OTHER)


def _person(root: Element, event: TrailEvent) -> None:
    about = {
        "UserID": str(event.actor_id) if event.actor_id else "system",
        "UserName": event.actor_name,
        "UserIsRequestor": "true",
    }
    if event.address:
        about |= {"NetworkAccessPointID": event.address, "NetworkAccessPointTypeCode": "2"}
    _coded(SubElement(root, "ActiveParticipant", about), "RoleIDCode", _ROLE_OF_PERSON)


def _objects(root: Element, event: TrailEvent, subject: Subject | None) -> None:
    if subject:
        study = _object(root, subject.study_uid, "2", "3", _STUDY_UID)
        _detail(study, event)
        _object(root, subject.pseudonym, "1", "1", _PATIENT_NUMBER)
    elif event.object_type == "accounts.user":
        _detail(_object(root, event.object_id, "1", "11", _USER_NUMBER), event)
    elif event.object_type:
        name = f"{event.object_type} {event.object_id}"
        _detail(_object(root, name, "2", "3", _RECORD), event)


def _object(root: Element, name: str, type_code: str, role: str, code: Code) -> Element:
    made = SubElement(
        root,
        "ParticipantObjectIdentification",
        ParticipantObjectID=name,
        ParticipantObjectTypeCode=type_code,
        ParticipantObjectTypeCodeRole=role,
    )
    _coded(made, "ParticipantObjectIDTypeCode", code)
    return made


def _detail(under: Element, event: TrailEvent) -> None:
    facts = {
        "event": str(event.pk),
        "record": f"{event.object_type} {event.object_id}".strip(),
        "reason": event.reason,
        "details": json.dumps(event.details, sort_keys=True) if event.details else "",
        "request": event.request_id,
    }
    for name, value in facts.items():
        if value:
            coded = base64.b64encode(value.encode()).decode()
            SubElement(under, "ParticipantObjectDetail", type=name, value=coded)


def _coded(under: Element, name: str, code: Code) -> None:
    attributes = {
        "csd-code": code.code,
        "codeSystemName": code.system,
        "originalText": code.meaning,
    }
    SubElement(under, name, attributes)


def _subjects(events: Sequence[TrailEvent]) -> Mapping[tuple[str, str], Subject]:
    """Study and patient of the records that the events name; a few queries for all of them."""
    named: dict[str, set[str]] = {}
    for event in events:
        if event.object_type and event.object_id.isdigit():
            named.setdefault(event.object_type, set()).add(event.object_id)
    found: dict[tuple[str, str], Subject] = {}
    for label, ids in named.items():
        path = _path_to_study(label)
        if path is None:
            continue
        rows: Any = apps.get_model(label)._default_manager.filter(pk__in=ids)
        columns = (f"{path}study_instance_uid", f"{path}patient__pseudonym")
        for pk, uid, pseudonym in rows.values_list("pk", *columns):
            if uid:
                found[label, str(pk)] = Subject(uid, str(pseudonym))
    return found


def _path_to_study(label: str) -> str | None:
    """How a record leads to its study, as a query prefix; None when it does not."""
    if label == "studies.study":
        return ""
    try:
        model = apps.get_model(label)
    except LookupError:
        return None
    names = {field.name for field in model._meta.concrete_fields}
    if "study" in names:
        return "study__"
    for parent in ("reading", "run", "series"):
        if parent in names:
            return f"{parent}__study__"
    return None
