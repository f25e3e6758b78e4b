"""What all DICOMweb views share: which site is meant, and answers in the client's formats."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.views import APIView

from qperfweb.accounts.models import Site
from qperfweb.core.errors import Invalid, NotFound
from qperfweb.core.permissions import Verb, sites_of, verb_of

from .holdings import Held
from .multipart import new_boundary, write_parts
from .origins import opened, origin_of, preflight

JSON_TYPE = "application/dicom+json"


class _AnyAccept(BaseContentNegotiation):
    """The views look at Accept themselves: DRF knows nothing of multipart/related."""

    def select_parser(self, request: Request, parsers: list[BaseParser]) -> BaseParser:
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: list[Any], format_suffix: Any = None
    ) -> tuple[Any, str]:
        return renderers[0], renderers[0].media_type


class DicomWebView(APIView):
    """A view under /dicom-web/ or /dicom-web/sites/<slug>/."""

    verbs = {"GET": Verb.VIEW_STUDY}
    content_negotiation_class = _AnyAccept
    schema = None
    """PS3.18 describes this interface; it is no part of the OpenAPI document."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, and let pages of the origins that the operator names read the answer."""
        origin = origin_of(request)
        if origin and request.method == "OPTIONS":
            return preflight(origin)
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return opened(answer, origin) if origin else answer

    def site(self, request: Request, slug: str | None) -> Site:
        """The site that is asked: the one in the address, else the user's only one."""
        verb = verb_of(request, self)
        own = Site.objects.filter(pk__in=sites_of(request.user, verb))
        if slug is not None:
            site = own.filter(slug=slug).first()
            if site is None:
                raise NotFound()
            return site
        sites = list(own[:2])
        if len(sites) != 1:
            raise Invalid(
                "You belong to several sites: use /dicom-web/sites/<site>/, or a token of one."
            )
        return sites[0]


def base_of(request: Request, slug: str | None) -> str:
    """The address of the service as this client reaches it."""
    path = f"/dicom-web/sites/{slug}" if slug is not None else "/dicom-web"
    return str(request.build_absolute_uri(path))


def object_address(base: str, one: Held) -> str:
    return (
        f"{base}/studies/{one.study_instance_uid}/series/{one.series_instance_uid}"
        f"/instances/{one.sop_instance_uid}"
    )


def json_answer(values: Any, status: int = 200) -> HttpResponse:
    response = HttpResponse(json.dumps(values), content_type=JSON_TYPE, status=status)
    response["Cache-Control"] = "private, no-store"
    return response


def multipart_answer(
    request: Request, parts: Iterable[tuple[str, Iterable[bytes]]], kind: str
) -> HttpResponseBase:
    """Parts as multipart/related; ``kind`` is the content type of the parts."""
    boundary = new_boundary()
    return stream(
        request,
        write_parts(parts, boundary),
        f'multipart/related; type="{kind}"; boundary={boundary}',
    )


def stream(request: Request, body: Iterator[bytes], content_type: str) -> HttpResponseBase:
    """A body that is made while it is sent; it must not ask the database any more."""
    inner: HttpRequest = request._request
    # Under ASGI Django would collect a plain iterator in memory first.
    under_asgi = hasattr(inner, "scope")
    response = StreamingHttpResponse(
        _off_the_loop(body) if under_asgi else body, content_type=content_type
    )
    response["Cache-Control"] = "private, no-store"
    return response


async def _off_the_loop(body: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Read files in a thread, so that other requests are answered meanwhile."""
    following = sync_to_async(lambda: next(body, None), thread_sensitive=False)
    while (piece := await following()) is not None:
        yield piece
