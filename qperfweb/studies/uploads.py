"""HTTP edge of the browser upload: a delivery is opened, fed file by file, and closed.

Files travel in small requests, so that progress is true, a cancelled upload keeps what has arrived,
and no request runs long. A zip is kept whole first and then unpacked in steps that the browser asks
for, one page of members each.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO, Any

from django.core.files.uploadedfile import UploadedFile
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analysis.dicom.archives import MAGIC
from analysis.dicom.limits import MIB
from analysis.dicom.reading import Candidate, walk
from qperfweb.accounts.models import Site
from qperfweb.core import audit
from qperfweb.core.errors import Conflict, Invalid, NotAllowed, NotFound
from qperfweb.core.permissions import Verb, can

from . import storage
from .intake import batch_begin, batch_finish, receive_all
from .models import IntakeBatch, IntakeSource, Study
from .outcomes import Outcome

MEMBERS_PER_STEP = 200
_TOKEN = re.compile(r"^[0-9a-f]{32}$")


class UploadBegin(serializers.Serializer[Any]):
    """site: slug of the site that receives; not needed by who belongs to one site only."""

    site = serializers.SlugField(required=False, allow_blank=True)


class UploadAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    site = serializers.CharField()


class OutcomeAnswer(serializers.Serializer[Any]):
    """What happened to one object."""

    name = serializers.CharField()
    status = serializers.ChoiceField(choices=["accepted", "duplicate", "refused", "set_aside"])
    code = serializers.CharField()
    message = serializers.CharField()
    study_id = serializers.IntegerField(allow_null=True)
    sop_instance_uid = serializers.CharField()


class ArchiveAnswer(serializers.Serializer[Any]):
    """A zip that waits to be unpacked in steps."""

    name = serializers.CharField()
    token = serializers.CharField()


class ObjectsAnswer(serializers.Serializer[Any]):
    outcomes = OutcomeAnswer(many=True)
    archives = ArchiveAnswer(many=True)


class StepAnswer(serializers.Serializer[Any]):
    """outcomes of one step; next: where the next one starts, null at the end."""

    outcomes = OutcomeAnswer(many=True)
    next = serializers.IntegerField(allow_null=True)


class StepAsked(serializers.Serializer[Any]):
    start = serializers.IntegerField(min_value=0, default=0)


class UploadCounts(serializers.Serializer[Any]):
    """Objects of the whole delivery."""

    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()


class UploadEnd(serializers.Serializer[Any]):
    """studies: ids that the outcomes named; complete: nothing more comes, analyse now."""

    studies = serializers.ListField(child=serializers.IntegerField(), max_length=10_000)
    complete = serializers.BooleanField(default=True)


@dataclass(frozen=True)
class UploadedSource:
    """A file of a request, wherever Django keeps it."""

    file: UploadedFile

    @property
    def size(self) -> int:
        return int(self.file.size or 0)

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        self.file.seek(0)
        yield self.file.file


class UploadsView(APIView):
    """Open a delivery."""

    verbs = {"POST": Verb.UPLOAD}

    @extend_schema(request=UploadBegin, responses={201: UploadAnswer})
    def post(self, request: Request) -> Response:
        wanted = UploadBegin(data=request.data)
        wanted.is_valid(raise_exception=True)
        site = _site(request, wanted.validated_data.get("site", ""))
        batch = batch_begin(site, IntakeSource.UPLOAD, request.user)
        audit.record(request.user, "intake.opened", batch)
        return Response({"id": batch.pk, "site": site.slug}, status=201)


class UploadObjectsView(APIView):
    """Hand in files: multipart field ``files``, and their paths as ``paths`` in the same order."""

    verbs = {"POST": Verb.UPLOAD}
    parser_classes = (MultiPartParser,)

    @extend_schema(request={"multipart/form-data": dict[str, Any]}, responses=ObjectsAnswer)
    def post(self, request: Request, batch_id: int) -> Response:
        batch = _open_batch(self, request, batch_id)
        files = request.FILES.getlist("files")
        paths = request.data.getlist("paths")
        if not files:
            raise Invalid("No file was sent.", field="files")
        if paths and len(paths) != len(files):
            raise Invalid("There must be one path for each file.", field="paths")
        names = [str(p)[:1000] for p in paths] or [file.name or "file" for file in files]
        candidates, archives = [], []
        for name, file in zip(names, files, strict=True):
            if _begins_as_zip(file):
                archives.append({"name": name, "token": _kept_zip(batch, file)})
            else:
                candidates.append(Candidate(name, UploadedSource(file)))
        outcomes = receive_all(batch, candidates)
        return Response({"outcomes": [o.to_json() for o in outcomes], "archives": archives})


class UploadArchiveView(APIView):
    """Unpack the next members of a zip."""

    verbs = {"POST": Verb.UPLOAD}
    parser_classes = (JSONParser,)

    @extend_schema(request=StepAsked, responses=StepAnswer)
    def post(self, request: Request, batch_id: int, token: str) -> Response:
        batch = _open_batch(self, request, batch_id)
        asked = StepAsked(data=request.data)
        asked.is_valid(raise_exception=True)
        start = asked.validated_data["start"]
        path = _zip_path(batch, token)
        if not path.is_file():
            raise NotFound("This zip is not here any more; send it again.")
        found = list(islice(walk([path]), start, start + MEMBERS_PER_STEP + 1))
        more = len(found) > MEMBERS_PER_STEP
        outcomes = receive_all(batch, found[:MEMBERS_PER_STEP])
        if not more:
            path.unlink(missing_ok=True)
        return Response(
            {
                "outcomes": [_named(o, path.name).to_json() for o in outcomes],
                "next": start + MEMBERS_PER_STEP if more else None,
            }
        )


class UploadDoneView(APIView):
    """Close a delivery: its studies are classified and, when complete, analysed at once."""

    verbs = {"POST": Verb.UPLOAD}

    @extend_schema(request=UploadEnd, responses=UploadCounts)
    def post(self, request: Request, batch_id: int) -> Response:
        batch = _open_batch(self, request, batch_id)
        wanted = UploadEnd(data=request.data)
        wanted.is_valid(raise_exception=True)
        received = Study.objects.filter(
            pk__in=wanted.validated_data["studies"],
            site_id=batch.site_id,
            last_received_at__gte=batch.started_at,
        )
        batch_finish(
            batch,
            received.values_list("pk", flat=True),
            complete=wanted.validated_data["complete"],
        )
        batch.refresh_from_db()
        counts = {"accepted": batch.accepted, "duplicates": batch.duplicates}
        audit.record(request.user, "intake.received", batch, details=counts)
        return Response(counts)


def _site(request: Request, slug: str) -> Site:
    own = [s for s in Site.objects.all() if can(request.user, Verb.UPLOAD, s)]
    if not slug and len(own) == 1:
        return own[0]
    chosen = next((site for site in own if site.slug == slug), None)
    if slug and chosen is None:
        raise NotAllowed("You may not send images to this site.")
    if chosen is None:
        raise Invalid("Say which of your sites receives the images.", field="site")
    return chosen


def _open_batch(view: APIView, request: Request, batch_id: int) -> IntakeBatch:
    batch = get_object_or_404(IntakeBatch, pk=batch_id)
    view.check_object_permissions(request, batch)
    if batch.user_id != request.user.pk:
        raise NotAllowed("This delivery was opened by somebody else.")
    if batch.finished_at is not None:
        raise Conflict("This delivery is closed; open another one.")
    return batch


def _begins_as_zip(file: UploadedFile) -> bool:
    file.seek(0)
    start = file.read(4)
    file.seek(0)
    return start in MAGIC


def _kept_zip(batch: IntakeBatch, file: UploadedFile) -> str:
    token = uuid.uuid4().hex
    with _zip_path(batch, token).open("xb") as kept:
        for chunk in file.chunks(MIB):
            kept.write(chunk)
    return token


def _zip_path(batch: IntakeBatch, token: str) -> Path:
    if not _TOKEN.match(token):
        raise NotFound("There is no such zip.")
    return storage.staging_folder() / f"zip-{batch.pk}-{token}"


def _named(outcome: Outcome, stored: str) -> Outcome:
    """The sender knows the zip by its own name, which the page puts in front again."""

    return replace(outcome, name=outcome.name.removeprefix(stored).removeprefix("!/"))
