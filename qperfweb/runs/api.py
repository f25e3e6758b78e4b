"""HTTP edge of runs: progress, arrays for the browser, repeat and cancel."""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analysis.config import FLOW_MODELS
from qperfweb.core import audit
from qperfweb.core.errors import NotFound
from qperfweb.core.permissions import Verb
from qperfweb.studies.models import Study

from . import repairs, services
from .bundles import open_bundle
from .models import AnalysisRun

BROWSER_DTYPES = ("bool", "uint8", "uint16", "float32")


class RunProgress(serializers.ModelSerializer):
    """How far a run is, and how it ended."""

    class Meta:
        model = AnalysisRun
        fields = (
            "id", "state", "purpose", "stage", "progress", "attempt", "queued_at", "started_at",
            "finished_at", "failure_code", "failure_message", "timings_s", "outdated_reason",
        )  # fmt: skip


class Points(serializers.ListField):
    """A closed polygon: [row, column] per point."""

    child = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)


class Frames(serializers.ListField):
    child = serializers.IntegerField(min_value=0)
    max_length = 2000


class RunRequest(serializers.Serializer):
    """Changes to the pipeline's parameters, and why.

    parent is the run that they build on (the newest one if absent). Frames and polygons go by key
    of the slice or acquisition; those that are not named stay as they are, an empty list or null
    takes a repair back.
    """

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True)
    parent = serializers.IntegerField(required=False)
    excluded_frames = serializers.DictField(child=Frames(), required=False)
    aif_excluded_frames = serializers.DictField(child=Frames(), required=False)
    aif_lv_polygons_rc = serializers.DictField(
        child=Points(max_length=720, allow_null=True), required=False
    )
    model = serializers.ChoiceField(choices=FLOW_MODELS, required=False)
    other_models = serializers.ListField(
        child=serializers.ChoiceField(choices=FLOW_MODELS), max_length=4, required=False
    )
    haematocrit = serializers.FloatField(min_value=0.11, max_value=0.74, required=False)


class RunsView(APIView):
    """The runs of a study, newest first; POST repeats the analysis."""

    verbs = {"GET": Verb.VIEW_STUDY, "POST": Verb.START_RUN}

    @extend_schema(responses=RunProgress(many=True))
    def get(self, request: Request, study_id: int) -> Response:
        study = self._study(request, study_id)
        # A page asks this again and again; documents and manifests are megabytes.
        runs = AnalysisRun.objects.filter(study=study).only(*RunProgress.Meta.fields)
        return Response(RunProgress(runs.order_by("-id"), many=True).data)

    @extend_schema(request=RunRequest, responses={201: RunProgress})
    def post(self, request: Request, study_id: int) -> Response:
        study = self._study(request, study_id)
        wanted = RunRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        changes: dict[str, Any] = dict(wanted.validated_data)
        reason, number = changes.pop("reason", ""), changes.pop("parent", None)
        parent = get_object_or_404(study.runs, pk=number) if number is not None else None
        run = repairs.run_repair(
            study, user=request.user, parent=parent, changes=changes, reason=reason
        )
        return Response(RunProgress(run).data, status=201)

    def _study(self, request: Request, study_id: int) -> Study:
        study = get_object_or_404(Study, pk=study_id)
        self.check_object_permissions(request, study)
        return study


class CancelView(APIView):
    """Stop a run."""

    verbs = {"POST": Verb.START_RUN}

    @extend_schema(request=None, responses=RunProgress)
    def post(self, request: Request, run_id: int) -> Response:
        run = get_object_or_404(AnalysisRun, pk=run_id)
        self.check_object_permissions(request, run)
        services.run_cancel(run, request.user)
        run.refresh_from_db()
        return Response(RunProgress(run).data)


class ArrayView(APIView):
    """One immutable array of a run's bundle: its raw values, little-endian, row by row."""

    verbs = {"GET": Verb.VIEW_STUDY}

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, run_id: int, key: str) -> HttpResponse:
        rows = AnalysisRun.objects.only("site_id", "bundle_sha256")
        run = get_object_or_404(rows, pk=run_id)
        self.check_object_permissions(request, run)
        return array_response(request, run, key)


def array_response(
    request: Request, run: AnalysisRun, key: str, *, known_as: str = ""
) -> HttpResponse:
    """An array's bytes, noted in the trail. known_as: makes its tag tell nothing of its content."""
    audit.record_access(request.user, "run.arrays_taken", run)
    bundle = open_bundle(settings.STORE_DIR, run.bundle_sha256) if run.bundle_sha256 else None
    if bundle is None or key not in bundle:
        raise NotFound("This result has no such array.")
    entry = bundle.entries[key]
    if entry["dtype"] not in BROWSER_DTYPES:
        raise NotFound("This array is not made for the browser.")
    sha256 = entry["sha256"]
    tag = hashlib.sha256(f"{known_as} {sha256}".encode()).hexdigest() if known_as else sha256
    etag = f'"{tag}"'
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponse(status=304)
    else:
        content = bundle.stored(key).tobytes()
        response = HttpResponse(content, content_type="application/octet-stream")
    response["ETag"] = etag
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    return response
