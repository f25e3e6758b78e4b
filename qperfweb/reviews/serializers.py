"""What the API accepts about readings; mirrors frontend/src/api/readingTypes.ts."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from .content import CAUSES
from .models import RevisionKind, Signature
from .scores import TRANSMURALITY

EDIT_KINDS = [kind.value for kind in RevisionKind if kind != RevisionKind.OPENED]

NEEDED = {
    "contour": ("slice", "contours"),
    "contour_reset": ("slice",),
    "override": ("condition", "segment", "value", "reason"),
    "override_reset": ("condition", "segment"),
    "segment_status": ("condition", "segment", "status"),
    "report": ("report",),
    "quality": ("slice",),
    "visual": ("condition",),
    "scar": ("segment",),
    "clinical": ("clinical",),
    "territories": ("territories",),
}
"""What each kind of edit must name."""


class Point(serializers.ListField):
    child = serializers.FloatField()
    min_length = max_length = 2


class Contours(serializers.Serializer):
    endo_rc = serializers.ListField(child=Point(), max_length=720, allow_null=True)
    epi_rc = serializers.ListField(child=Point(), max_length=720)
    rv_insertion_anterior_rc = Point(allow_null=True)
    rv_insertion_inferior_rc = Point(allow_null=True)
    lv_centre_rc = Point()


class ReportText(serializers.Serializer):
    indication = serializers.CharField(allow_blank=True, max_length=4000, default="")
    findings = serializers.CharField(allow_blank=True, max_length=20000, default="")
    impression = serializers.CharField(allow_blank=True, max_length=20000, default="")


class EditRequest(serializers.Serializer):
    base_revision = serializers.IntegerField(min_value=0)
    kind = serializers.ChoiceField(choices=EDIT_KINDS)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=500)
    slice = serializers.CharField(required=False, max_length=32)
    contours = Contours(required=False)
    condition = serializers.ChoiceField(choices=["stress", "rest", "unknown"], required=False)
    segment = serializers.IntegerField(min_value=1, max_value=16, required=False)
    value = serializers.FloatField(required=False)
    status = serializers.ChoiceField(choices=["diagnostic", "non_diagnostic"], required=False)
    causes = serializers.ListField(
        child=serializers.ChoiceField(choices=list(CAUSES)), required=False, max_length=len(CAUSES)
    )
    flag = serializers.CharField(required=False, max_length=200)
    flags = serializers.ListField(
        child=serializers.CharField(max_length=200), required=False, max_length=500
    )
    comment = serializers.CharField(required=False, allow_blank=True, max_length=1000)
    report = ReportText(required=False)
    grade = serializers.IntegerField(min_value=1, max_value=4, required=False, allow_null=True)
    segments = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=16), required=False, max_length=16
    )
    score = serializers.IntegerField(min_value=0, max_value=3, required=False, allow_null=True)
    transmurality = serializers.ChoiceField(
        choices=list(TRANSMURALITY), required=False, allow_null=True
    )
    note = serializers.CharField(required=False, allow_blank=True, max_length=400)
    clinical = serializers.DictField(required=False)
    territories = serializers.DictField(required=False)
    prior = serializers.IntegerField(
        required=False, allow_null=True, help_text="the prior's signed reading; null: none"
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for name in NEEDED.get(attrs["kind"], ()):
            if name not in attrs:
                raise serializers.ValidationError({name: "This is needed for this edit."})
        if attrs["kind"] == "visual" and not (attrs.get("segments") or attrs.get("segment")):
            raise serializers.ValidationError({"segment": "This is needed for this edit."})
        return attrs


class RoiRequest(serializers.Serializer):
    slice = serializers.CharField(max_length=32)
    polygon_rc = serializers.ListField(child=Point(), min_length=3, max_length=720)


class SignRequest(serializers.Serializer):
    base_revision = serializers.IntegerField(min_value=0)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)
    meaning = serializers.ChoiceField(choices=Signature.Meaning.values)


class DiscardRequest(serializers.Serializer):
    base_revision = serializers.IntegerField(min_value=0)


class AddendumRequest(serializers.Serializer):
    text = serializers.CharField(max_length=20000)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)


class HistoryEntry(serializers.Serializer):
    revision = serializers.IntegerField()
    kind = serializers.CharField()
    words = serializers.CharField()
    author = serializers.CharField()
    created_at = serializers.DateTimeField()
    reason = serializers.CharField()


def read_request(serializer: type[serializers.Serializer], data: Any) -> dict[str, Any]:
    """The checked values of a request. Raises ValidationError naming the field."""
    checked = serializer(data=data)
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)
