"""Shapes of studies, series and deliveries on the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from .identity import Identity, open_identity
from .models import IntakeProblem, Series, Study
from .queries import BUSY_STATES, FAILED_STATES


def identity_of_study(study: Study) -> Identity:
    return open_identity(getattr(study.patient, "identity", None))


class WorklistRow(serializers.Serializer[Study]):
    """One line of the worklist."""

    id = serializers.IntegerField()
    patient_name = serializers.CharField()
    patient_id = serializers.CharField()
    birth_date = serializers.CharField(allow_null=True)
    study_date = serializers.DateField(allow_null=True)
    accession_number = serializers.CharField()
    description = serializers.CharField()
    site = serializers.CharField()
    conditions = serializers.ListField(child=serializers.CharField())
    sequence_class = serializers.CharField()
    field_strength_t = serializers.FloatField(allow_null=True)
    state = serializers.CharField()
    state_words = serializers.CharField()
    stage = serializers.CharField()
    progress = serializers.FloatField(allow_null=True)
    failure_message = serializers.CharField()
    flag_count = serializers.IntegerField()
    received_at = serializers.DateTimeField()
    reader = serializers.CharField(allow_null=True)
    assigned_to = serializers.IntegerField(allow_null=True)

    def to_representation(self, study: Study) -> dict[str, Any]:
        person = identity_of_study(study)
        busy = study.state in BUSY_STATES
        failed = study.state in FAILED_STATES
        return {
            "id": study.pk,
            "patient_name": person.display_name,
            "patient_id": person.patient_id,
            "birth_date": person.birth_date or None,
            "study_date": study.study_date.isoformat() if study.study_date else None,
            "accession_number": study.accession_number,
            "description": study.description,
            "site": study.site.name,
            "conditions": study.conditions,
            "sequence_class": study.sequence_class,
            "field_strength_t": study.field_strength_t,
            "state": study.state,
            "state_words": study.get_state_display(),
            "stage": (getattr(study, "run_stage", "") or "") if busy else "",
            "progress": getattr(study, "run_progress", None) if busy else None,
            "failure_message": (getattr(study, "run_failure_message", "") or "") if failed else "",
            "flag_count": study.flag_count,
            "received_at": study.last_received_at.isoformat(),
            "reader": study.assigned_to.display_name if study.assigned_to else None,
            "assigned_to": study.assigned_to_id,
        }


class WorklistAnswer(serializers.Serializer[Any]):
    """One page of the worklist."""

    count = serializers.IntegerField()
    page = serializers.IntegerField()
    pages = serializers.IntegerField()
    results = WorklistRow(many=True)


class WorklistQuery(serializers.Serializer[Any]):
    """What can be asked of the worklist."""

    site = serializers.CharField(required=False, allow_blank=True, help_text="slug or name")
    state = serializers.CharField(required=False, allow_blank=True, help_text="or several by comma")
    condition = serializers.ChoiceField(
        choices=["stress", "rest", "unknown"], required=False, allow_blank=True
    )
    sequence = serializers.ChoiceField(
        choices=["dual", "single", "gd", "map"], required=False, allow_blank=True
    )
    flagged = serializers.BooleanField(required=False, default=False)
    assigned = serializers.ChoiceField(
        choices=["me", "nobody"], required=False, allow_blank=True, help_text="whose studies"
    )
    ordering = serializers.CharField(required=False, allow_blank=True)
    page = serializers.IntegerField(required=False, min_value=1, default=1)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=200, default=50)

    def get_fields(self) -> dict[str, Any]:
        # "from" is a keyword of the language and a name of the API.
        dates = {
            name: serializers.DateField(required=False, help_text=f"study date {name}")
            for name in ("from", "to")
        }
        return {**super().get_fields(), **dates}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError("Send an object with filters.")
        return super().to_internal_value({k: v for k, v in data.items() if v != ""})


class WorklistSearch(WorklistQuery):
    """The same with search text: beginnings of names, patient ID or accession number."""

    q = serializers.CharField(required=False, allow_blank=True, max_length=200)


class SeriesAnswer(serializers.ModelSerializer[Series]):
    """A series: what it was taken for with the evidence, what a person set, and its images."""

    number = serializers.IntegerField(source="series_number", allow_null=True)
    instance_count = serializers.IntegerField()
    image_urls = serializers.SerializerMethodField()
    image_uids = serializers.SerializerMethodField()
    corrected_by = serializers.CharField(
        source="corrected_by.display_name", default=None, allow_null=True
    )

    class Meta:
        model = Series
        fields = (
            "id", "series_instance_uid", "number", "description", "modality", "instance_count",
            "classification", "correction", "corrected_by", "corrected_at", "image_urls",
            "image_uids",
        )  # fmt: skip

    def get_image_urls(self, series: Series) -> list[str]:
        urls: dict[int, list[str]] = self.context["image_urls"]
        return urls.get(series.pk, [])

    def get_image_uids(self, series: Series) -> list[str]:
        """SOP Instance UID per image, in the order of the addresses."""
        uids: dict[int, list[str]] = self.context["image_uids"]
        return uids.get(series.pk, [])


class Correction(serializers.Serializer[Any]):
    """What a series is, set by hand; null takes the correction back."""

    correction = serializers.JSONField(allow_null=True)
    reason = serializers.CharField(max_length=500)


class StudyAnswer(serializers.Serializer[Any]):
    """One study: who, what, where it stands, and what was set aside of it."""

    study = WorklistRow()
    study_instance_uid = serializers.CharField()
    sex = serializers.CharField()
    manufacturer = serializers.CharField()
    scanner_model = serializers.CharField()
    institution = serializers.CharField()
    haematocrit = serializers.FloatField(allow_null=True)
    problems = serializers.ListField(child=serializers.DictField())


class ProblemAnswer(serializers.ModelSerializer[IntakeProblem]):
    """Something that was refused or set aside."""

    class Meta:
        model = IntakeProblem
        fields = (
            "id", "kind", "code", "message", "file_name", "sop_instance_uid", "study_id",
            "created_at", "resolution",
        )  # fmt: skip


class Decision(serializers.Serializer[Any]):
    """Take a set-aside object in (as another person's: other), leave it out, or delete it."""

    resolution = serializers.ChoiceField(choices=["take", "other", "leave", "reject"])
    reason = serializers.CharField(max_length=500)
