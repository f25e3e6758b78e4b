"""The trail as DICOM audit messages (PS3.15 A.5): well formed, coded, and about the right study."""

from __future__ import annotations

import base64
import re
from xml.etree import ElementTree

import pytest
from pydicom.sr.codedict import codes

from qperfweb.core import atna, audit
from qperfweb.core.models import TrailEvent
from tests.runs.examples import a_study


def parsed(event: TrailEvent) -> ElementTree.Element:
    (text,) = atna.messages([event])
    assert "\n" not in text
    return ElementTree.fromstring(text)


def test_a_look_at_a_study_names_person_place_study_and_patient(in_site, user_of, settings):
    reader = user_of("reader", in_site)
    study = a_study(in_site)
    event = audit.record(reader, "study.viewed", study, reason="reading <now>")
    event.refresh_from_db()
    event.address = "192.0.2.7"
    root = parsed(event)
    identification = root.find("EventIdentification")
    assert identification.get("EventActionCode") == "R"
    assert identification.get("EventOutcomeIndicator") == "0"
    assert re.fullmatch(r"[\d-]+T[\d:.]+Z", identification.get("EventDateTime"))
    assert identification.find("EventID").attrib == {
        "csd-code": "110103",
        "codeSystemName": "DCM",
        "originalText": "DICOM Instances Accessed",
    }
    person = root.find("ActiveParticipant")
    assert person.get("UserName") == reader.username
    assert person.get("NetworkAccessPointID") == "192.0.2.7"
    assert root.find("AuditSourceIdentification").get("AuditEnterpriseSiteID") == "north"
    first, second = root.findall("ParticipantObjectIdentification")
    assert first.get("ParticipantObjectID") == study.study_instance_uid
    assert second.get("ParticipantObjectID") == str(study.patient.pseudonym)
    values = {d.get("type"): d.get("value") for d in first.findall("ParticipantObjectDetail")}
    assert base64.b64decode(values["reason"]).decode() == "reading <now>"


def test_a_run_and_a_reading_lead_to_their_study_and_a_person_stands_for_themself(in_site, reading):
    for obj in (reading, reading.run):
        root = parsed(audit.record(reading.reader, "reading.signed", obj))
        named = root.find("ParticipantObjectIdentification").get("ParticipantObjectID")
        assert named == reading.study.study_instance_uid
    root = parsed(audit.record(None, "person.sign_in_failed", reading.reader))
    assert root.find("EventIdentification").get("EventOutcomeIndicator") == "4"
    code = root.find("ParticipantObjectIdentification/ParticipantObjectIDTypeCode")
    assert code.get("originalText") == "User Identifier"


@pytest.mark.parametrize(
    ("action", "event"),
    [
        ("person.signed_in", "User Authentication"),
        ("person.closed", "Security Alert"),
        ("trail.viewed", "Audit Log Used"),
        ("intake.received", "Import"),
        ("report.taken", "Export"),
        ("results.sent", "DICOM Instances Transferred"),
        ("patient.erased", "DICOM Study Deleted"),
        ("study.searched", "Query"),
        ("self_test.run", "Application Activity"),
    ],
)
def test_actions_become_the_events_of_the_standard(action, event):
    assert atna.kind_of(action).event.meaning == event


def test_every_code_of_the_standard_means_what_it_is_said_to_mean():
    known = {}
    for name in dir(codes.DCM):
        code = getattr(codes.DCM, name)
        if hasattr(code, "meaning"):
            known[code.value] = code.meaning.lower()
    used = [code for _, kind in atna.KINDS for code in (kind.event, kind.type) if code]
    for code in used:
        assert known[code.code] == code.meaning.lower()
