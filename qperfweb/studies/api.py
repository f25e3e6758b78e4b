"""HTTP edge of studies: worklist, detail, series and their correction, decisions, image files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Q
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from qperfweb.accounts.models import Site
from qperfweb.core import audit
from qperfweb.core.errors import Invalid, NotFound
from qperfweb.core.permissions import Verb, sites_of

from . import queries, storage
from .models import Instance, IntakeProblem, Series, Study
from .problems import problem_resolve
from .serializers import (
    Correction,
    Decision,
    ProblemAnswer,
    SeriesAnswer,
    StudyAnswer,
    WorklistAnswer,
    WorklistQuery,
    WorklistRow,
    WorklistSearch,
    identity_of_study,
)
from .services import series_reclassify


class WorklistView(APIView):
    """Studies of the user's sites, page by page.

    GET takes filters; POST takes the same in its body, and search text too: names, IDs and
    accession numbers must not stand in addresses, which end up in logs and histories.
    """

    verbs = {"GET": Verb.VIEW_STUDY, "POST": Verb.VIEW_STUDY}

    @extend_schema(
        operation_id="studies_list", parameters=[WorklistQuery], responses=WorklistAnswer
    )
    def get(self, request: Request) -> Response:
        if request.query_params.get("q"):
            raise Invalid("Send search text in the body of a POST, not in the address.", field="q")
        return self._answer(request, request.query_params.dict())

    @extend_schema(request=WorklistSearch, responses=WorklistAnswer)
    def post(self, request: Request) -> Response:
        return self._answer(request, request.data)

    def _answer(self, request: Request, data: Any) -> Response:
        query = WorklistSearch(data=data)
        query.is_valid(raise_exception=True)
        for site_id in sites_of(request.user, Verb.VIEW_STUDY):
            site = Site(pk=site_id)  # the trail takes no more of it than that
            audit.record_access(request.user, "worklist.viewed", site, site=site)
        asked = query.validated_data
        page = queries.worklist(
            queries.WorklistFilter(
                site_ids=_sites(request, asked.get("site", "")),
                text=asked.get("q", ""),
                states=tuple(filter(None, asked.get("state", "").split(","))),
                condition=asked.get("condition", ""),
                sequence=asked.get("sequence", ""),
                flagged=asked["flagged"],
                assigned_to=_ASSIGNED[asked.get("assigned", "")](request.user),
                date_from=asked.get("from"),
                date_to=asked.get("to"),
                ordering=asked.get("ordering") or "-received",
                page=asked["page"],
                page_size=asked["page_size"],
            )
        )
        return Response(
            {
                "count": page.count,
                "page": page.page,
                "pages": page.pages,
                "results": WorklistRow(page.rows, many=True).data,
            }
        )


_ASSIGNED: dict[str, Callable[[Any], int | None]] = {
    "": lambda user: None,
    "me": lambda user: user.pk,
    "nobody": lambda user: 0,
}


def _sites(request: Request, name: str) -> tuple[int, ...]:
    own = sites_of(request.user, Verb.VIEW_STUDY)
    if not name:
        return tuple(own)
    wanted = Site.objects.filter(Q(slug=name) | Q(name=name), pk__in=own)
    return tuple(wanted.values_list("pk", flat=True))


class StudyView(APIView):
    """One study. Looking at it is recorded."""

    verbs = {"GET": Verb.VIEW_STUDY}

    @extend_schema(responses=StudyAnswer)
    def get(self, request: Request, study_id: int) -> Response:
        rows = Study.objects.select_related("patient__identity", "site", "assigned_to")
        study = get_object_or_404(rows, pk=study_id)
        self.check_object_permissions(request, study)
        audit.record(request.user, "study.viewed", study)
        problems = study.problems.filter(resolution="").order_by("-id")
        return Response(
            {
                "study": WorklistRow(study).data,
                "study_instance_uid": study.study_instance_uid,
                "sex": identity_of_study(study).sex,
                "manufacturer": study.manufacturer,
                "scanner_model": study.scanner_model,
                "institution": study.institution,
                "haematocrit": study.haematocrit,
                "problems": ProblemAnswer(problems, many=True).data,
            }
        )


class SeriesListView(APIView):
    """The series of a study: what each was taken for, why, and the addresses of its images."""

    verbs = {"GET": Verb.VIEW_STUDY}

    @extend_schema(responses=SeriesAnswer(many=True))
    def get(self, request: Request, study_id: int) -> Response:
        study = get_object_or_404(Study.objects.only("id", "site_id"), pk=study_id)
        self.check_object_permissions(request, study)
        audit.record(request.user, "study.images_listed", study)
        urls: dict[int, list[str]] = {}
        uids: dict[int, list[str]] = {}
        for instance in queries.instances_of(study):
            address = f"/api/instances/{instance.pk}/file"
            frames = range(instance.frame_count)
            urls.setdefault(instance.series_id, []).extend(
                address if instance.frame_count == 1 else f"{address}?frame={i + 1}" for i in frames
            )
            own = [instance.sop_instance_uid] * instance.frame_count
            uids.setdefault(instance.series_id, []).extend(own)
        rows = queries.series_of(study)
        images = {"image_urls": urls, "image_uids": uids}
        return Response(SeriesAnswer(rows, many=True, context=images).data)


class SeriesCorrectionView(APIView):
    """Set by hand what a series is; the study is classified and analysed anew."""

    verbs = {"POST": Verb.CLASSIFY}

    @extend_schema(request=Correction, responses={200: SeriesAnswer})
    def post(self, request: Request, series_id: int) -> Response:
        series = get_object_or_404(Series, pk=series_id)
        self.check_object_permissions(request, series)
        wanted = Correction(data=request.data)
        wanted.is_valid(raise_exception=True)
        series_reclassify(
            series,
            user=request.user,
            correction=wanted.validated_data["correction"],
            reason=wanted.validated_data["reason"],
        )
        row = queries.series_of(series.study).get(pk=series.pk)
        return Response(SeriesAnswer(row, context={"image_urls": {}, "image_uids": {}}).data)


class InstanceFileView(APIView):
    """One received object as it was received."""

    verbs = {"GET": Verb.VIEW_STUDY}

    @extend_schema(responses={(200, "application/dicom"): OpenApiTypes.BINARY})
    def get(self, request: Request, instance_id: int) -> Any:
        rows = Instance.objects.select_related("series__study").defer("facts")
        instance = get_object_or_404(rows, pk=instance_id)
        self.check_object_permissions(request, instance)
        audit.record_access(request.user, "study.images_taken", instance.series.study)
        etag = f'"{instance.sha256}"'
        if request.headers.get("If-None-Match") == etag:
            response: HttpResponse | FileResponse = HttpResponse(status=304)
        else:
            path = storage.object_path(instance.sha256)
            if not path.exists():
                raise NotFound("The file of this object is missing in the store.")
            response = FileResponse(path.open("rb"), content_type="application/dicom")
        response["ETag"] = etag
        response["Cache-Control"] = "private, max-age=31536000, immutable"
        return response


class ProblemsView(APIView):
    """What was set aside and waits for a decision."""

    verbs = {"GET": Verb.VIEW_STUDY}

    @extend_schema(responses=ProblemAnswer(many=True))
    def get(self, request: Request) -> Response:
        rows = queries.open_problems(_sites(request, ""))[:500]
        return Response(ProblemAnswer(rows, many=True).data)


class DecisionView(APIView):
    """Decide about a set-aside object."""

    verbs = {"POST": Verb.CLASSIFY}

    @extend_schema(request=Decision, responses=ProblemAnswer)
    def post(self, request: Request, problem_id: int) -> Response:
        problem = get_object_or_404(IntakeProblem, pk=problem_id)
        self.check_object_permissions(request, problem)
        wanted = Decision(data=request.data)
        wanted.is_valid(raise_exception=True)
        decided = problem_resolve(problem, user=request.user, **wanted.validated_data)
        return Response(ProblemAnswer(decided).data)
