"""HTTP edge of sending: what is on its way, and send it again."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from qperfweb.core.permissions import Verb, can
from qperfweb.studies.models import Study

from .configured import known_destinations
from .models import Transmission
from .sending import transmission_request


class TransmissionAnswer(serializers.ModelSerializer[Transmission]):
    """One result on its way to one destination."""

    class Meta:
        model = Transmission
        fields = [
            "id", "publication", "destination", "state", "attempts", "next_attempt_at",
            "objects_sent", "last_error", "created_at", "finished_at",
        ]  # fmt: skip


class TransmissionAsked(serializers.Serializer[Any]):
    destination = serializers.CharField(max_length=40)


class TransmissionsAnswer(serializers.Serializer[Any]):
    """may_send: by whoever asks; destinations: names of the site's; transmissions: newest first."""

    may_send = serializers.BooleanField()
    destinations = serializers.ListField(child=serializers.CharField())
    transmissions = TransmissionAnswer(many=True)


class TransmissionsView(APIView):
    """Where a study's results went, and send the newest."""

    verbs = {"GET": Verb.VIEW_STUDY, "POST": Verb.EXPORT}

    @extend_schema(responses=TransmissionsAnswer)
    def get(self, request: Request, study_id: int) -> Response:
        study = self._study(request, study_id)
        rows = Transmission.objects.filter(study=study).order_by("-id")[:200]
        return Response(
            {
                "may_send": can(request.user, Verb.EXPORT, study),
                "destinations": [d.name for d in known_destinations(study.site)],
                "transmissions": TransmissionAnswer(rows, many=True).data,
            }
        )

    @extend_schema(request=TransmissionAsked, responses={201: TransmissionAnswer})
    def post(self, request: Request, study_id: int) -> Response:
        study = self._study(request, study_id)
        asked = TransmissionAsked(data=request.data)
        asked.is_valid(raise_exception=True)
        name = asked.validated_data["destination"]
        row = transmission_request(study, name, request.user)
        return Response(TransmissionAnswer(row).data, status=201)

    def _study(self, request: Request, study_id: int) -> Study:
        study = get_object_or_404(Study.objects.select_related("site"), pk=study_id)
        self.check_object_permissions(request, study)
        return study
