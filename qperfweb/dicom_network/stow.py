"""STOW-RS: take objects in; the answer says for each what became of it."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpResponse
from rest_framework.request import Request

from analysis.dicom.reading import Candidate
from qperfweb.core import audit
from qperfweb.core.errors import Invalid
from qperfweb.core.permissions import Verb
from qperfweb.studies.intake import batch_begin, batch_finish, receive_all
from qperfweb.studies.models import Instance, IntakeSource, Study
from qperfweb.studies.outcomes import Outcome
from qperfweb.studies.storage import staging_folder

from .access import DicomWebView, base_of, json_answer
from .dicomjson import Json, attributes
from .multipart import boundary_of, read_parts
from .qido import StudiesView
from .wado import RetrieveView

FAILURES = {
    "not-dicom": 0xC000, "damaged": 0xC000, "truncated": 0xC000, "bad-dimensions": 0xC000,
    "no-identity": 0xA900, "wrong-object": 0x0122, "wrong-modality": 0x0122,
    "bad-compression": 0x0122, "too-large": 0xA700, "uid-reused": 0x0111,
    "identity-conflict": 0x0124, "study-of-another-patient": 0x0124,
}  # fmt: skip
"""Failure reasons of PS3.18 table I.2-2 by intake's code; anything else is 0xC000."""

UNABLE = 0xC000
OTHER_STUDY = 0xB006


class AllStudiesView(StudiesView):
    """POST /studies; GET /studies searches."""

    verbs = {"GET": Verb.VIEW_STUDY, "POST": Verb.UPLOAD}

    def post(self, request: Request, slug: str | None = None) -> HttpResponse:
        return _store(self, request, slug)


class OneStudyView(RetrieveView):
    """POST /studies/{study}; GET /studies/{study} retrieves."""

    verbs = {"GET": Verb.VIEW_STUDY, "POST": Verb.UPLOAD}

    def post(self, request: Request, study: str, slug: str | None = None) -> HttpResponse:
        return _store(self, request, slug, study)


def _store(view: DicomWebView, request: Request, slug: str | None, study: str = "") -> HttpResponse:
    site = view.site(request, slug)
    boundary = boundary_of(request.headers.get("Content-Type", ""))
    batch = batch_begin(site, IntakeSource.DICOMWEB, request.user)

    def candidates() -> Iterator[Candidate]:
        parts = read_parts(request._request, boundary, staging_folder())
        for number, part in enumerate(parts, start=1):
            yield Candidate(f"part {number}", part)

    outcomes = receive_all(batch, candidates())
    if not outcomes:
        raise Invalid("There is no part in the body.")
    studies = {o.study_id for o in outcomes if o.status == "accepted" and o.study_id}
    # A client may send a study in many requests: it settles when it has been quiet.
    batch_finish(batch, studies, complete=False)
    counts = {"objects": len(outcomes), "accepted": sum(o.status == "accepted" for o in outcomes)}
    audit.record(request.user, "intake.received", batch, details=counts)
    return _report(outcomes, base_of(request, slug), study)


def _report(outcomes: list[Outcome], base: str, wanted_study: str) -> HttpResponse:
    names = dict(Study.objects.filter(pk__in={o.study_id for o in outcomes if o.study_id})
                 .values_list("pk", "study_instance_uid"))  # fmt: skip
    uids = [o.sop_instance_uid for o in outcomes if o.sop_instance_uid]
    rows = Instance.objects.filter(sop_instance_uid__in=uids)
    kept = {
        uid: (sop_class, series)
        for uid, sop_class, series in rows.values_list(
            "sop_instance_uid", "sop_class_uid", "series__series_instance_uid"
        )
    }
    stored, failed, warned = [], [], False
    for outcome in outcomes:
        uid = outcome.sop_instance_uid
        sop_class, series = kept.get(uid, ("", ""))
        item = attributes({"ReferencedSOPClassUID": sop_class, "ReferencedSOPInstanceUID": uid})
        study = names.get(outcome.study_id or 0, "")
        if outcome.status in ("accepted", "duplicate"):
            address = f"{base}/studies/{study}/series/{series}/instances/{uid}"
            item |= attributes({"RetrieveURL": address})
            if wanted_study and study != wanted_study:
                item |= attributes({"WarningReason": OTHER_STUDY})
                warned = True
            stored.append(item)
        else:
            reason = FAILURES.get(outcome.code, UNABLE)
            item |= attributes({"FailureReason": reason, "ErrorComment": outcome.message[:64]})
            failed.append(item)
    answer: Json = attributes({"RetrieveURL": f"{base}/studies"})
    if stored:
        answer["00081199"] = {"vr": "SQ", "Value": stored}
    if failed:
        answer["00081198"] = {"vr": "SQ", "Value": failed}
    status = (202 if failed or warned else 200) if stored else 409
    return json_answer(answer, status=status)
