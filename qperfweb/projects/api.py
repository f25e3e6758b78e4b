"""HTTP edge of projects: parse, ask the services, answer with the project's state."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from qperfweb.accounts.models import Site, User
from qperfweb.core import audit
from qperfweb.core.errors import Invalid, NotAllowed
from qperfweb.core.permissions import Verb, can
from qperfweb.core.tables import CSV_TYPE, PARQUET_TYPE, to_csv, to_parquet
from qperfweb.reviews.models import Reading
from qperfweb.reviews.serializers import read_request
from qperfweb.studies.models import Study

from . import locking, opening, queries, serializers, services
from .export import COLUMNS, export_rows
from .models import Case, Project, ProjectMember
from .roles import Standing, standing, visible_projects

_STATE = extend_schema(responses=OpenApiTypes.OBJECT)


class ProjectView(APIView):
    """Base of what works on one project that the user has a part in."""

    verbs = {"GET": Verb.VIEW_STUDY, "POST": Verb.MANAGE_PROJECT}

    def project(self, request: Request, project_id: int, *, manage: bool = False) -> Project:
        project = get_object_or_404(Project.objects.select_related("site"), pk=project_id)
        self.own: Standing = standing(project, request.user)
        if not (self.own.manages if manage else self.own.any):
            raise NotAllowed("You have no such part in this project.")
        return project

    def answer(self, project: Project, request: Request, status: int = 200) -> Response:
        project.refresh_from_db()
        return Response(queries.project_state(project, request.user), status=status)


class ProjectsView(APIView):
    """The projects that the user manages, audits or takes part in; POST sets one up."""

    verbs = {"GET": Verb.VIEW_STUDY, "POST": Verb.MANAGE_PROJECT}

    @extend_schema(operation_id="projects_list", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        rows = visible_projects(request.user).select_related("site")[:200]
        sites = Site.objects.order_by("name")
        own = [s for s in sites if can(request.user, Verb.MANAGE_PROJECT, s)]
        return Response(
            {
                "projects": [queries.project_row(row, request.user) for row in rows],
                "sites": [{"id": site.pk, "name": site.name} for site in own],
            }
        )

    @extend_schema(request=serializers.NewProject, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request) -> Response:
        wanted = read_request(serializers.NewProject, request.data)
        site = Site.objects.filter(pk=wanted.pop("site")).first()
        if site is None or not can(request.user, Verb.MANAGE_PROJECT, site):
            raise Invalid("Choose one of your sites.", field="site")
        project = services.project_create(site, request.user, **wanted)
        return Response(queries.project_state(project, request.user), status=201)


class OneProjectView(ProjectView):
    """A project as far as the user may see it; PATCH changes it while it is set up."""

    verbs = {"GET": Verb.VIEW_STUDY, "PATCH": Verb.MANAGE_PROJECT}

    @_STATE
    def get(self, request: Request, project_id: int) -> Response:
        project = self.project(request, project_id)
        audit.record_access(request.user, "project.viewed", project)
        return self.answer(project, request)

    @extend_schema(request=serializers.ProjectRequest, responses=OpenApiTypes.OBJECT)
    def patch(self, request: Request, project_id: int) -> Response:
        project = self.project(request, project_id, manage=True)
        checked = serializers.ProjectRequest(data=request.data, partial=True)
        checked.is_valid(raise_exception=True)
        services.project_change(project, request.user, **checked.validated_data)
        return self.answer(project, request)


class SetupView(ProjectView):
    """Cases that can still be changed, and studies that could be given."""

    @_STATE
    def get(self, request: Request, project_id: int) -> Response:
        project = self.project(request, project_id, manage=True)
        audit.record_access(request.user, "project.setup_viewed", project)
        return Response(
            {
                "cases": queries.cases_in_setup(project),
                "studies": queries.studies_to_give(project, request.user),
            }
        )


class CasesView(ProjectView):
    """Give studies to a project."""

    verbs = {"POST": Verb.MANAGE_PROJECT}

    @extend_schema(
        operation_id="projects_cases_give",
        request=serializers.CasesRequest,
        responses=OpenApiTypes.OBJECT,
    )
    def post(self, request: Request, project_id: int) -> Response:
        project = self.project(request, project_id, manage=True)
        wanted = read_request(serializers.CasesRequest, request.data)
        studies = list(Study.objects.filter(pk__in=wanted["studies"]).order_by("pk"))
        if len(studies) < len(set(wanted["studies"])):
            raise Invalid("There is a study that does not exist.", field="studies")
        services.cases_add(project, request.user, studies)
        return self.answer(project, request)


class CaseView(ProjectView):
    """Make a case a training study, analyse it with the project's settings, or take it out."""

    verbs = {"POST": Verb.MANAGE_PROJECT, "DELETE": Verb.MANAGE_PROJECT}

    @extend_schema(request=serializers.CaseRequest, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, project_id: int, case_id: int) -> Response:
        project = self.project(request, project_id, manage=True)
        case = get_object_or_404(project.cases.select_related("study", "project"), pk=case_id)
        wanted = read_request(serializers.CaseRequest, request.data)
        if wanted.get("analyse"):
            opening.case_analyse(case, request.user)
        elif "reference" in wanted:
            number = wanted["reference"]
            reference = Reading.objects.filter(pk=number, study=case.study).first()
            if number is not None and reference is None:
                raise Invalid("There is no such reading of this study.", field="reference")
            services.case_train_with(case, request.user, reference)
        return self.answer(project, request)

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def delete(self, request: Request, project_id: int, case_id: int) -> Response:
        project = self.project(request, project_id, manage=True)
        services.case_remove(get_object_or_404(project.cases, pk=case_id), request.user)
        return self.answer(project, request)


class MembersView(ProjectView):
    """Name a reader or an adjudicator."""

    verbs = {"POST": Verb.MANAGE_PROJECT}

    @extend_schema(request=serializers.MemberRequest, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, project_id: int) -> Response:
        project = self.project(request, project_id, manage=True)
        wanted = read_request(serializers.MemberRequest, request.data)
        person = User.objects.filter(pk=wanted["user"], is_active=True).first()
        if person is None:
            raise Invalid("There is no such person.", field="user")
        services.member_add(project, request.user, person, wanted["role"])
        return self.answer(project, request)


class MemberView(ProjectView):
    """Somebody no longer takes part."""

    verbs = {"DELETE": Verb.MANAGE_PROJECT}

    @extend_schema(request=serializers.ReasonRequest, responses=OpenApiTypes.OBJECT)
    def delete(self, request: Request, project_id: int, member_id: int) -> Response:
        project = self.project(request, project_id, manage=True)
        wanted = read_request(serializers.ReasonRequest, request.data)
        member = get_object_or_404(ProjectMember, project=project, pk=member_id)
        services.member_end(member, request.user, wanted["reason"])
        return self.answer(project, request)


class OpenView(ProjectView):
    """Open a project for reading."""

    verbs = {"POST": Verb.MANAGE_PROJECT}

    @extend_schema(request=None, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, project_id: int) -> Response:
        project = self.project(request, project_id, manage=True)
        opening.project_open(project, request.user)
        return self.answer(project, request)


class LockView(ProjectView):
    """Freeze a project for good."""

    verbs = {"POST": Verb.MANAGE_PROJECT}

    @extend_schema(request=serializers.ReasonRequest, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, project_id: int) -> Response:
        project = self.project(request, project_id, manage=True)
        wanted = read_request(serializers.ReasonRequest, request.data)
        locking.project_lock(project, request.user, wanted["reason"])
        return self.answer(project, request)


class TrainingView(ProjectView):
    """Give a reader who did not pass another round of the training studies."""

    verbs = {"POST": Verb.MANAGE_PROJECT}

    @extend_schema(request=serializers.TrainingRequest, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, project_id: int) -> Response:
        project = self.project(request, project_id, manage=True)
        wanted = read_request(serializers.TrainingRequest, request.data)
        reader = User.objects.filter(
            pk=wanted["reader"], project_assignments__project=project
        ).first()
        if reader is None:
            raise Invalid("There is no such reader in this project.", field="reader")
        opening.training_again(project, request.user, reader)
        return self.answer(project, request)


class ReadingsFileView(ProjectView):
    """All readings of a locked project as one table, CSV or Parquet."""

    verbs = {"GET": Verb.EXPORT}

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, project_id: int, kind: str) -> HttpResponse:
        project = self.project(request, project_id)
        if not self.own.exports:
            raise NotAllowed("Readings are taken out once the project is locked.")
        if project.cases.count() < project.case_count:
            raise NotAllowed("Only a member of every site of the project can take its readings.")
        audit.record(request.user, "project.exported", project, details={"kind": kind})
        for site in Site.objects.filter(pk__in=project.cases.values("site")):
            if site.pk != project.site_id:
                audit.record(request.user, "project.exported", project, site=site)
        rows = export_rows(project)
        if kind == "csv":
            response = HttpResponse(to_csv(COLUMNS, rows), content_type=CSV_TYPE)
        else:
            response = HttpResponse(to_parquet(COLUMNS, rows), content_type=PARQUET_TYPE)
        name = f"project-{project.pk}-readings.{kind}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


def case_of_project(case_id: int) -> Case:
    rows = Case.objects.select_related("project__site", "study", "site")
    return get_object_or_404(rows, pk=case_id)
