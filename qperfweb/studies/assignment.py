"""Who is to read a study: the people it can be given to, and giving it to one of them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from qperfweb.accounts.models import Membership, User
from qperfweb.core import audit
from qperfweb.core.errors import Conflict, Invalid
from qperfweb.core.permissions import Verb, can, sites_of

from .models import Study, StudyState


@transaction.atomic
def study_assign(study: Study, user: Any, reader: User | None) -> Study:
    """Give a study to a reader of its site, or to nobody.

    Raises Invalid when the reader may not read there, Conflict when the study is signed.
    """
    study = Study.objects.select_for_update(of=("self",)).get(pk=study.pk)
    if study.state == StudyState.SIGNED:
        raise Conflict("This study is signed; there is nothing left to assign.", code="signed")
    if reader is not None and not can(reader, Verb.EDIT_READING, study):
        raise Invalid("This person may not read at the study's site.", field="reader")
    before, study.assigned_to = study.assigned_to_id, reader
    study.save(update_fields=["assigned_to"])
    details = {"from": before, "to": reader.pk if reader else None}
    audit.record(user, "study.assigned", study, details=details)
    return study


class Assignment(serializers.Serializer[Any]):
    reader = serializers.IntegerField(allow_null=True, help_text="id of a person; null: nobody")


class ReaderAnswer(serializers.Serializer[Any]):
    """Somebody whom studies can be given to, and at which sites."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    sites = serializers.ListField(child=serializers.CharField())


class AssignmentView(APIView):
    """Give a study to a reader, or take it back."""

    verbs = {"POST": Verb.ASSIGN_STUDY}

    @extend_schema(request=Assignment, responses=Assignment)
    def post(self, request: Request, study_id: int) -> Response:
        study = get_object_or_404(Study, pk=study_id)
        self.check_object_permissions(request, study)
        wanted = Assignment(data=request.data)
        wanted.is_valid(raise_exception=True)
        number = wanted.validated_data["reader"]
        reader = User.objects.filter(pk=number, is_active=True).first() if number else None
        if number and reader is None:
            raise Invalid("There is no such person.", field="reader")
        study = study_assign(study, request.user, reader)
        return Response({"reader": study.assigned_to_id})


class ReadersView(APIView):
    """The people whom this user can give studies to."""

    verbs = {"GET": Verb.ASSIGN_STUDY}

    @extend_schema(responses=ReaderAnswer(many=True))
    def get(self, request: Request) -> Response:
        own = sites_of(request.user, Verb.ASSIGN_STUDY)
        members = Membership.objects.filter(site_id__in=own, user__is_active=True)
        found: dict[int, dict[str, Any]] = {}
        for one in members.select_related("user", "site").order_by("user__full_name", "user_id"):
            if not can(one.user, Verb.EDIT_READING, one.site):
                continue
            person = found.setdefault(
                one.user_id, {"id": one.user_id, "name": one.user.display_name, "sites": []}
            )
            if one.site.name not in person["sites"]:
                person["sites"].append(one.site.name)
        return Response(list(found.values()))
