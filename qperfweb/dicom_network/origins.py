"""Viewers that come from another server: their pages may use DICOMweb, with a token of their own.

Only origins that the operator names (QPERF_DICOMWEB_ORIGINS), and never with the cookies of a
session: a foreign page acts for whoever gave it a token, not for whoever is signed in here.
"""

from __future__ import annotations

from typing import TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

A = TypeVar("A", bound=HttpResponseBase)
_REMEMBERED_S = 600


def origin_of(request: HttpRequest) -> str:
    """The origin of the page that asks, where it may; else ""."""
    origin = request.headers.get("Origin", "")
    return origin if origin in settings.DICOMWEB_ORIGINS else ""


def preflight(origin: str) -> HttpResponse:
    """What a browser asks before it sends a request with a token."""
    answer = HttpResponse(status=204)
    answer["Access-Control-Allow-Methods"] = "GET, POST"
    answer["Access-Control-Allow-Headers"] = "Authorization, Accept, Content-Type"
    answer["Access-Control-Max-Age"] = str(_REMEMBERED_S)
    return opened(answer, origin)


def opened(answer: A, origin: str) -> A:
    """The answer, readable for a page of that origin."""
    answer["Access-Control-Allow-Origin"] = origin
    answer["Access-Control-Expose-Headers"] = "Warning"
    answer["Vary"] = ", ".join(filter(None, [answer.get("Vary", ""), "Origin"]))
    return answer
