"""How a person likes the reading room: colours, what each cell shows, layouts kept by name.

One small document per person, checked field by field, so that it can hold nothing else.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from qperfweb.accounts.models import Preferences
from qperfweb.core.errors import Invalid, NotAllowed

MOST_LAYOUTS = 12
MOST_CELLS = 24
MOST_FILTERS = 20

CELL = r"^(stress|rest|unknown)(_\d)?_(basal|mid|apical)(_\d)?$"
DAY = r"^\d{4}-\d{2}-\d{2}$"
MODE = r"^[a-z0-9][a-z0-9:_-]{0,31}$"


class Layout(serializers.Serializer[dict[str, Any]]):
    """What each cell shows, by slice key, which rows are shown, and how."""

    name = serializers.CharField(max_length=40)
    modes = serializers.DictField(child=serializers.RegexField(MODE))
    rows = serializers.ChoiceField(choices=["all", "stress", "rest"], default="all")
    overlay = serializers.ChoiceField(choices=["sectors", "contours", "off"], default="sectors")
    field = serializers.ChoiceField(choices=["heart", "whole"], default="heart")

    def validate_modes(self, modes: dict[str, str]) -> dict[str, str]:
        cell = serializers.RegexField(CELL)
        if len(modes) > MOST_CELLS:
            raise serializers.ValidationError(f"A layout has at most {MOST_CELLS} cells.")
        return {str(cell.run_validation(key)): mode for key, mode in modes.items()}


class ViewerPreferences(serializers.Serializer[dict[str, Any]]):
    """The reading room as a person left it."""

    palette = serializers.ChoiceField(choices=["perfusion", "viridis", "grey"], required=False)
    range = serializers.ListField(
        child=serializers.FloatField(min_value=0, max_value=20),
        min_length=2, max_length=2, required=False,
    )  # fmt: skip
    opacity = serializers.FloatField(min_value=0.1, max_value=1, required=False)
    overlay = serializers.ChoiceField(choices=["sectors", "contours", "off"], required=False)
    field = serializers.ChoiceField(choices=["heart", "whole"], required=False)
    framesPerSecond = serializers.IntegerField(min_value=1, max_value=60, required=False)
    layout = Layout(required=False, allow_null=True)
    layouts = serializers.ListField(child=Layout(), max_length=MOST_LAYOUTS, required=False)

    def validate_range(self, value: list[float]) -> list[float]:
        if value[1] - value[0] < 0.1:
            raise serializers.ValidationError("The range ends below its beginning.")
        return value


class WorklistFilters(serializers.Serializer[dict[str, Any]]):
    """Filters of the worklist kept by name. No search text: it may name a patient."""

    name = serializers.CharField(max_length=40)
    site = serializers.CharField(max_length=128, required=False)
    state = serializers.RegexField(r"^[a-z_,]{1,120}$", required=False)
    condition = serializers.ChoiceField(choices=["stress", "rest", "unknown"], required=False)
    assigned = serializers.ChoiceField(choices=["me", "nobody"], required=False)
    flagged = serializers.ChoiceField(choices=["1"], required=False)
    ordering = serializers.RegexField(r"^-?[a-z_]{1,32}$", required=False)

    def get_fields(self) -> dict[str, Any]:
        # "from" is a keyword of the language and a name of the API. Dates stay as they were typed.
        dates = {name: serializers.RegexField(DAY, required=False) for name in ("from", "to")}
        return {**super().get_fields(), **dates}


class WorklistPreferences(serializers.Serializer[dict[str, Any]]):
    filters = serializers.ListField(child=WorklistFilters(), max_length=MOST_FILTERS)


class PreferencesDocument(serializers.Serializer[dict[str, Any]]):
    viewer = ViewerPreferences(required=False)
    worklist = WorklistPreferences(required=False)


class PreferencesView(APIView):
    """The signed-in person's own preferences; PUT replaces the parts that it names."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=PreferencesDocument)
    def get(self, request: Request) -> Response:
        kept = Preferences.objects.filter(user=_person(request)).first()
        return Response(kept.document if kept else {})

    @extend_schema(request=PreferencesDocument, responses=PreferencesDocument)
    def put(self, request: Request) -> Response:
        user = _person(request)
        wanted = PreferencesDocument(data=request.data)
        wanted.is_valid(raise_exception=True)
        names = [layout["name"] for layout in wanted.data.get("viewer", {}).get("layouts", [])]
        if len(set(names)) < len(names):
            raise Invalid("Two layouts have the same name.", field="viewer.layouts")
        filters = [one["name"] for one in wanted.data.get("worklist", {}).get("filters", [])]
        if len(set(filters)) < len(filters):
            raise Invalid("Two saved filters have the same name.", field="worklist.filters")
        kept, _ = Preferences.objects.get_or_create(user=user)
        kept.document = {**kept.document, **wanted.validated_data}
        kept.save(update_fields=["document", "updated_at"])
        return Response(kept.document)


def _person(request: Request) -> Any:
    """Whoever sits at the page; a program with a token has no preferences."""
    user: Any = request.user
    if user.token_verbs is not None:
        raise NotAllowed("Preferences belong to people, not to API tokens.")
    return user
