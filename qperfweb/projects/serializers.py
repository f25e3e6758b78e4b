"""What the API accepts about projects."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from .models import Blinding, ProjectRole, QueryMessage


class ProjectRequest(serializers.Serializer[Any]):
    """limits, training: see rules.Limit and rules.Training."""

    name = serializers.CharField(max_length=120)
    purpose = serializers.CharField(max_length=4000, allow_blank=True, required=False)
    blinding = serializers.ChoiceField(choices=Blinding.choices, required=False)
    repeat_percent = serializers.IntegerField(min_value=0, max_value=50, required=False)
    limits = serializers.JSONField(required=False)
    training = serializers.JSONField(required=False)


class NewProject(ProjectRequest):
    site = serializers.IntegerField()


class CasesRequest(serializers.Serializer[Any]):
    studies = serializers.ListField(child=serializers.IntegerField(), min_length=1, max_length=1000)


class CaseRequest(serializers.Serializer[Any]):
    """reference: a signed reading that makes this a training study; null: none. analyse: ask for a
    result with the project's settings."""

    reference = serializers.IntegerField(allow_null=True, required=False)
    analyse = serializers.BooleanField(required=False)


class MemberRequest(serializers.Serializer[Any]):
    user = serializers.IntegerField()
    role = serializers.ChoiceField(choices=ProjectRole.choices)


class ReasonRequest(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500, allow_blank=True, required=False, default="")


class TrainingRequest(serializers.Serializer[Any]):
    reader = serializers.IntegerField()


class DecisionRequest(serializers.Serializer[Any]):
    """seen: how many decisions whoever decides has seen."""

    reading = serializers.IntegerField()
    reason = serializers.CharField(max_length=500)
    seen = serializers.IntegerField(min_value=0)


class QueryRequest(serializers.Serializer[Any]):
    """case or assignment: what is asked about; a reader knows a case by its assignment."""

    case = serializers.IntegerField(required=False)
    assignment = serializers.IntegerField(required=False)
    subject = serializers.CharField(max_length=160)
    text = serializers.CharField(max_length=4000)


class MessageRequest(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=QueryMessage.Kind.choices)
    text = serializers.CharField(max_length=4000, allow_blank=True, required=False, default="")
