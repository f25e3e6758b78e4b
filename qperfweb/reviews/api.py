"""HTTP edge of readings: parse, ask the services, answer with what changed."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from qperfweb.core import audit
from qperfweb.core.errors import NotAllowed, error_body
from qperfweb.core.permissions import Verb, can
from qperfweb.runs.models import AnalysisRun, RunState
from qperfweb.studies.models import Study

from . import carry_over, services, signing
from .confirmation import confirm_identity
from .history import words_of
from .models import Reading
from .neighbours import priors_state
from .queries import content_of, newest_revision
from .roi import measure_roi
from .run_view import run_json
from .serializers import (
    AddendumRequest,
    DiscardRequest,
    EditRequest,
    HistoryEntry,
    RoiRequest,
    SignRequest,
    read_request,
)
from .view import edit_result, viewer_state

_STATE = extend_schema(responses=OpenApiTypes.OBJECT)


class ViewerView(APIView):
    """The whole state of the viewer page of one study."""

    verbs = {"GET": Verb.VIEW_STUDY}

    @_STATE
    def get(self, request: Request, study_id: int) -> Response:
        study = get_object_or_404(
            Study.objects.select_related("patient__identity", "site"), pk=study_id
        )
        self.check_object_permissions(request, study)
        audit.record(request.user, "study.viewed", study)
        return Response(viewer_state(study, request.user))


class ReadingsView(APIView):
    """Open this user's draft of a study, or get the one that is open."""

    verbs = {"POST": Verb.EDIT_READING}

    @extend_schema(request=None, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, study_id: int) -> Response:
        study = get_object_or_404(Study, pk=study_id)
        self.check_object_permissions(request, study)
        reading = services.reading_open(study, request.user)
        return Response(edit_result(reading, request.user))


class ReadingView(APIView):
    """Base of what works on one reading that the user may see."""

    def reading(self, request: Request, reading_id: int) -> Reading:
        reading = get_object_or_404(Reading.objects.select_related("run", "study"), pk=reading_id)
        self.check_object_permissions(request, reading)
        return reading


class EditsView(ReadingView):
    """Apply one edit to a draft."""

    verbs = {"POST": Verb.EDIT_READING}

    @extend_schema(request=EditRequest, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, reading_id: int) -> Response:
        reading = self.reading(request, reading_id)
        edit = read_request(EditRequest, request.data)
        reading = services.reading_edit(reading, request.user, edit)
        changed = {edit["slice"]} if edit["kind"] in ("contour", "contour_reset") else set()
        if edit["kind"] in ("undo", "redo", "territories"):
            return Response(edit_result(reading, request.user))
        return Response(edit_result(reading, request.user, changed=changed))


class SignView(ReadingView):
    """Sign a draft; asks for the password again."""

    verbs = {"POST": Verb.SIGN_READING}

    @extend_schema(request=SignRequest, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, reading_id: int) -> Response:
        reading = self.reading(request, reading_id)
        wanted = read_request(SignRequest, request.data)
        confirmation = confirm_identity(request.user, wanted["password"], request._request)
        if confirmation is None:
            return _wrong_password()
        signing.reading_sign(
            reading,
            request.user,
            base_revision=wanted["base_revision"],
            meaning=wanted["meaning"],
            confirmation=confirmation,
        )
        reading.refresh_from_db()
        return Response(edit_result(reading, request.user))


class DiscardView(ReadingView):
    """Give up a draft."""

    verbs = {"POST": Verb.EDIT_READING}

    @extend_schema(request=DiscardRequest, responses={204: None})
    def post(self, request: Request, reading_id: int) -> Response:
        reading = self.reading(request, reading_id)
        wanted = read_request(DiscardRequest, request.data)
        services.reading_discard(reading, request.user, wanted["base_revision"])
        return Response(status=204)


class CarryOverView(ReadingView):
    """Take a draft over to the newest result of its study; GET says what would come along."""

    verbs = {"GET": Verb.EDIT_READING, "POST": Verb.EDIT_READING}

    @_STATE
    def get(self, request: Request, reading_id: int) -> Response:
        reading = self.reading(request, reading_id)
        services.check_own_draft(reading, request.user)
        new = carry_over.newest_result(reading.study, reading.run)
        content = content_of(newest_revision(reading))
        shown = carry_over.preview(reading.run, new, content)
        return Response({"run": run_json(new), **shown})

    @extend_schema(request=DiscardRequest, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, reading_id: int) -> Response:
        reading = self.reading(request, reading_id)
        wanted = read_request(DiscardRequest, request.data)
        new = services.reading_carry_over(reading, request.user, wanted["base_revision"])
        return Response(viewer_state(new.study, request.user))


class RoiView(APIView):
    """What lies inside a region that somebody drew on a slice; nothing is kept."""

    verbs = {"POST": Verb.VIEW_STUDY}

    @extend_schema(request=RoiRequest, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, run_id: int) -> Response:
        run = get_object_or_404(AnalysisRun, pk=run_id, state=RunState.SUCCEEDED)
        self.check_object_permissions(request, run)
        wanted = read_request(RoiRequest, request.data)
        return Response(measure_roi(run, wanted["slice"], wanted["polygon_rc"]))


class AddendaView(ReadingView):
    """Add a text to a signed reading; asks for the password again."""

    verbs = {"POST": Verb.SIGN_READING}

    @extend_schema(request=AddendumRequest, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, reading_id: int) -> Response:
        reading = self.reading(request, reading_id)
        wanted = read_request(AddendumRequest, request.data)
        confirmation = confirm_identity(request.user, wanted["password"], request._request)
        if confirmation is None:
            return _wrong_password()
        signing.addendum_add(reading, request.user, text=wanted["text"], confirmation=confirmation)
        return Response(edit_result(reading, request.user, changed=set()))


class PriorsView(APIView):
    """Signed readings of earlier exams of the same patient at the same site, and what changed."""

    verbs = {"GET": Verb.VIEW_READING}

    @extend_schema(responses={200: {"type": "array", "items": {"type": "object"}}})
    def get(self, request: Request, study_id: int) -> Response:
        study = get_object_or_404(Study, pk=study_id)
        self.check_object_permissions(request, study)
        audit.record(request.user, "study.priors_viewed", study)
        return Response(priors_state(study, request.user))


class HistoryView(ReadingView):
    """Every revision of a reading: who, when, what, why."""

    verbs = {"GET": Verb.VIEW_READING}

    @extend_schema(responses=HistoryEntry(many=True))
    def get(self, request: Request, reading_id: int) -> Response:
        reading = self.reading(request, reading_id)
        if not can(request.user, Verb.VIEW_READING, reading):
            raise NotAllowed
        return Response(
            [
                {
                    "revision": revision.number,
                    "kind": revision.kind,
                    "words": words_of(revision),
                    "author": revision.author_name,
                    "created_at": revision.created_at.isoformat(),
                    "reason": revision.reason,
                }
                for revision in reading.revisions.all()
            ]
        )


def _wrong_password() -> Response:
    # Answered, not raised: the count of failed attempts must survive this transaction.
    message = "The password is not right, or the account is locked after too many attempts."
    return Response(error_body("wrong_password", message, field="password"), status=400)
