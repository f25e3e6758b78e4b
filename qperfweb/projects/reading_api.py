"""HTTP edge of reading in a project: a case on one's list, disagreements, queries to sites."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from qperfweb.core import audit
from qperfweb.core.errors import Invalid, NotAllowed
from qperfweb.core.permissions import Verb
from qperfweb.reviews.models import Reading
from qperfweb.reviews.serializers import read_request
from qperfweb.reviews.view import edit_result
from qperfweb.runs.api import array_response

from . import serializers, threads
from .adjudication import check_adjudicator, decision_make, third_reading_assign
from .api import case_of_project
from .models import Adjudication, Assignment, SiteQuery
from .queries import adjudication_state
from .reading import case_state, display_number, open_case, run_of_array
from .roles import standing

_STATE = extend_schema(responses=OpenApiTypes.OBJECT)


class _AssignmentView(APIView):
    def assignment(self, assignment_id: int) -> Assignment:
        rows = Assignment.objects.select_related(
            "project", "case__run", "case__study__patient__identity", "case__study__site", "reader"
        )
        return get_object_or_404(rows, pk=assignment_id)


class CaseViewerView(_AssignmentView):
    """The viewer's state of one case, with what is blinded left out."""

    verbs = {"GET": Verb.EDIT_READING}

    @_STATE
    def get(self, request: Request, assignment_id: int) -> Response:
        assignment = self.assignment(assignment_id)
        state = case_state(assignment, request.user)
        audit.record(
            request.user, "study.viewed", assignment.case.study,
            details={"project": assignment.project_id},
        )  # fmt: skip
        return Response(state)


class CaseArrayView(_AssignmentView):
    """One array of a case, under an address that does not say whose result it is."""

    verbs = {"GET": Verb.EDIT_READING}

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, assignment_id: int, key: str) -> HttpResponse:
        run = run_of_array(self.assignment(assignment_id), request.user, key)
        return array_response(request, run, key, known_as=f"case {assignment_id}")


class CaseReadingsView(_AssignmentView):
    """Begin the reading of a case, or get the one that is open."""

    verbs = {"POST": Verb.EDIT_READING}

    @extend_schema(request=None, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, assignment_id: int) -> Response:
        reading = open_case(self.assignment(assignment_id), request.user)
        return Response(edit_result(reading, request.user))


class _AdjudicationView(APIView):
    def adjudication(self, request: Request, adjudication_id: int) -> Adjudication:
        rows = Adjudication.objects.select_related(
            "project__site", "case__project", "case__study__patient__identity"
        )
        return get_object_or_404(rows, pk=adjudication_id)


class AdjudicationView(_AdjudicationView):
    """A disagreement with its readings side by side."""

    verbs = {"GET": Verb.REVIEW}

    @_STATE
    def get(self, request: Request, adjudication_id: int) -> Response:
        found = self.adjudication(request, adjudication_id)
        if found.project.state != "locked":
            check_adjudicator(found, request.user)
        elif not standing(found.project, request.user).any:
            raise NotAllowed
        audit.record(request.user, "project.adjudication_viewed", found)
        return Response(adjudication_state(found, request.user))


class DecisionsView(_AdjudicationView):
    """Decide which reading counts."""

    verbs = {"POST": Verb.REVIEW}

    @extend_schema(request=serializers.DecisionRequest, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, adjudication_id: int) -> Response:
        found = self.adjudication(request, adjudication_id)
        check_adjudicator(found, request.user)
        wanted = read_request(serializers.DecisionRequest, request.data)
        reading = Reading.objects.filter(pk=wanted["reading"]).first()
        if reading is None:
            raise Invalid("There is no such reading.", field="reading")
        decision_make(
            found, request.user, reading=reading, reason=wanted["reason"], seen=wanted["seen"]
        )
        return Response(adjudication_state(found, request.user))


class ThirdReadingView(_AdjudicationView):
    """Let the adjudicator read the case themselves."""

    verbs = {"POST": Verb.REVIEW}

    @extend_schema(request=None, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, adjudication_id: int) -> Response:
        found = self.adjudication(request, adjudication_id)
        assignment = third_reading_assign(found, request.user)
        return Response({"assignment": assignment.pk})


class QueriesView(APIView):
    """Queries of projects to sites; POST asks one."""

    verbs = {"GET": Verb.VIEW_STUDY, "POST": Verb.VIEW_STUDY}

    @extend_schema(responses={200: {"type": "array", "items": {"type": "object"}}})
    def get(self, request: Request) -> Response:
        rows = threads.visible_queries(request.user)
        if request.query_params.get("project", "").isdigit():
            rows = rows.filter(project_id=request.query_params["project"])
        return Response([_query(row, request) for row in rows[:300]])

    @extend_schema(request=serializers.QueryRequest, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request) -> Response:
        wanted = read_request(serializers.QueryRequest, request.data)
        if "assignment" in wanted:
            assignment = get_object_or_404(Assignment, pk=wanted["assignment"], reader=request.user)
            case = case_of_project(assignment.case_id)
        elif "case" in wanted:
            case = case_of_project(wanted["case"])
        else:
            raise Invalid("Name a case.", field="case")
        query = threads.query_open(
            case, request.user, subject=wanted["subject"], text=wanted["text"]
        )
        return Response(_query(query, request), status=201)


class MessagesView(APIView):
    """Answer, close or ask again."""

    verbs = {"POST": Verb.VIEW_STUDY}

    @extend_schema(request=serializers.MessageRequest, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, query_id: int) -> Response:
        query = get_object_or_404(SiteQuery.objects.select_related("project__site"), pk=query_id)
        wanted = read_request(serializers.MessageRequest, request.data)
        query = threads.query_say(query, request.user, kind=wanted["kind"], text=wanted["text"])
        return Response(_query(query, request))


def _query(query: SiteQuery, request: Request) -> dict[str, object]:
    """A reader sees the case under the number of their own list, everybody else the study."""
    own = standing(query.project, request.user)
    blinded = own.reads and query.project.state != "locked"
    mine = query.case.assignments.filter(reader=request.user).exclude(kind="third").first()
    return {
        "id": query.pk,
        "project": {"id": query.project_id, "name": query.project.name},
        "site": query.site.name,
        "case": display_number(mine) if blinded and mine else query.case.number,
        "study": None if blinded else query.case.study_id,
        "subject": query.subject,
        "state": query.state,
        "state_words": query.get_state_display(),
        "opened_by": query.opened_by.display_name,
        "opened_at": query.opened_at.isoformat(),
        "steps": threads.steps_for(query, request.user),
        "messages": [
            {
                "kind": message.get_kind_display(),
                "author": message.author_name,
                "at": message.at.isoformat(),
                "text": message.text,
            }
            for message in query.messages.all()
        ],
    }
