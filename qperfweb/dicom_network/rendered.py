"""WADO-RS: pictures for the eye, of one frame or of many, thumbnails, and documents."""

from __future__ import annotations

import io
from collections.abc import Iterator

from django.http import HttpResponse, HttpResponseBase
from PIL import Image
from rest_framework.request import Request

from qperfweb.core.errors import Invalid, NotFound, UserError

from .access import multipart_answer
from .bulkdata import DOCUMENT, bulk_value
from .holdings import Held
from .negotiation import Accepted, accepted, fits
from .pixels import NotServed, decoded
from .rendering import UNKNOWN, Viewport, Wishes, picture_of, wishes_of
from .wado import ObjectsView, frame_numbers

KINDS = ("jpeg", "png", "gif")
"""The first is what a client gets that does not care (PS3.18 table 8.7.4-1)."""

MOST_PICTURES = 2000
THUMBNAIL = 128
_PDF = "1.2.840.10008.5.1.4.1.1.104.1"


class RenderedView(ObjectsView):
    """GET pictures of a study, a series, an instance or some of its frames."""

    def get(
        self, request: Request, numbers: str = "", slug: str | None = None, **uids: str
    ) -> HttpResponseBase:
        objects = self.found(request, slug, **uids)
        wanted = accepted(request)
        if len(objects) == 1 and objects[0].sop_class_uid == _PDF:
            return _document(objects[0], wanted)
        kind, wishes = _kind(wanted), wishes_of(request)
        frames = frame_numbers(numbers) if numbers else []
        if "instance" in uids and not any(entry.multipart for entry in wanted):
            # Who asks for one picture of an instance wants one, however many frames it has.
            frames = frames or [1]
        pictures = _pictures(objects, frames)
        if len(pictures) == 1:
            answer: HttpResponseBase = _one(pictures[0], kind, wishes)
        else:
            parts = _parts(pictures, kind, wishes)
            answer = multipart_answer(request, parts, f"image/{kind}")
        ignored = [name for name in UNKNOWN if name in request.query_params]
        if ignored:
            answer["Warning"] = f'299 {request.get_host()} "not carried out: {", ".join(ignored)}"'
        return answer


class ThumbnailView(ObjectsView):
    """GET a small picture that stands for a study, a series, an instance or a frame."""

    def get(
        self, request: Request, numbers: str = "", slug: str | None = None, **uids: str
    ) -> HttpResponse:
        objects = [one for one in self.found(request, slug, **uids) if one.rows]
        if not objects:
            raise NotFound("There is no image to make a thumbnail of.")
        asked = wishes_of(request)
        box = asked.viewport or Viewport(size=(THUMBNAIL, THUMBNAIL), region=None)
        wishes = Wishes(window=asked.window, viewport=box, quality=asked.quality)
        # The middle of a series shows more than its beginning, before the contrast has come.
        one = objects[len(objects) // 2]
        middle = [one.frame_count // 2 + 1]
        pictures = _pictures([one], frame_numbers(numbers) if numbers else middle)
        return _one(pictures[0], _kind(accepted(request)), wishes)


def _kind(wanted: list[Accepted]) -> str:
    """The kind of picture that the client likes best. Raises NotServed."""
    for entry in wanted:
        for kind in KINDS:
            if fits([entry], f"image/{kind}"):
                return kind
    raise NotServed("Pictures are rendered as image/jpeg, image/png or image/gif.")


def _pictures(objects: list[Held], numbers: list[int]) -> list[tuple[Held, int]]:
    """Objects and frames to show; without numbers all of them. Raises Invalid, NotServed."""
    images = [one for one in objects if one.rows]
    if not images:
        raise NotServed("There is nothing in it that can be rendered; fetch the object.")
    found = [(one, number) for one in images for number in numbers or range(1, one.frame_count + 1)]
    if len(found) > MOST_PICTURES:
        raise Invalid(f"These are more than {MOST_PICTURES} pictures; ask for fewer.")
    return found


def _rendered(place: tuple[Held, int], kind: str, wishes: Wishes) -> bytes:
    one, number = place
    try:
        ds, values = decoded(one.path, number)
        picture = picture_of(ds, values, number, wishes)
    except (ValueError, TypeError, AttributeError) as error:  # headers may say anything
        raise NotServed("This frame cannot be rendered; fetch the object.") from error
    return _encoded(picture, kind, wishes.quality)


def _encoded(picture: Image.Image, kind: str, quality: int) -> bytes:
    buffer = io.BytesIO()
    options = {"quality": quality} if kind == "jpeg" else {}
    picture.save(buffer, format=kind.upper(), **options)
    return buffer.getvalue()


def _one(place: tuple[Held, int], kind: str, wishes: Wishes) -> HttpResponse:
    return HttpResponse(_rendered(place, kind, wishes), content_type=f"image/{kind}")


def _parts(
    pictures: list[tuple[Held, int]], kind: str, wishes: Wishes
) -> Iterator[tuple[str, list[bytes]]]:
    """What cannot be rendered among many is left out; alone it is an error."""
    for place in pictures:
        try:
            yield f"image/{kind}", [_rendered(place, kind, wishes)]
        except UserError:
            continue


def _document(one: Held, wanted: list[Accepted]) -> HttpResponse:
    if not fits(wanted, "application/pdf"):
        raise NotServed("A document is served as application/pdf.")
    opener, length = bulk_value(one.path, [DOCUMENT])
    with opener() as file:
        return HttpResponse(file.read(length), content_type="application/pdf")
