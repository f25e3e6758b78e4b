"""Every address x method x role x own or other site x draft or signed, from the written matrix."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from qperfweb.accounts.models import ApiToken, Membership
from qperfweb.projects.analysis_settings import settings_of
from qperfweb.projects.models import (
    Adjudication,
    Assignment,
    Case,
    Project,
    ProjectMember,
    SiteQuery,
)
from qperfweb.reviews.models import Reading
from qperfweb.reviews.services import reading_open
from qperfweb.studies.intake import batch_begin
from qperfweb.studies.models import Instance, IntakeProblem, IntakeSource
from qperfweb.studies.storage import object_path, staging_folder
from tests.architecture.permission_matrix import ROLES, Row, rows
from tests.dicom import make
from tests.reading import PASSWORD, acknowledge, sign

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
MEMBERS = frozenset("TRVAS")
TOKEN = "0" * 32
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@dataclass
class World:
    """One study of ``site`` with result, readings, an image, a set-aside object and deliveries."""

    site: Any
    other_site: Any
    user_of: Callable[..., Any]
    run: Any
    foreign: Reading
    instance: Instance
    problem: IntakeProblem

    def person(self, letter: str, *sites: Any) -> Any:
        return self.user_of(ROLES[letter], *(() if letter == "X" else sites))

    def address(self, row: Row, user: Any) -> str:
        """The row's address, naming records of ``site`` that ``user`` could own."""
        names: dict[str, Callable[[], Any]] = {
            "study_id": lambda: self.run.study_id,
            "series_id": lambda: self.instance.series_id,
            "instance_id": lambda: self.instance.pk,
            "problem_id": lambda: self.problem.pk,
            "run_id": lambda: self.run.pk,
            "token": lambda: TOKEN,
            "batch_id": lambda: self._delivery(user),
            "slug": lambda: self.site.slug,
            "study": lambda: self.run.study.study_instance_uid,
            "series": lambda: self.instance.series.series_instance_uid,
            "instance": lambda: self.instance.sop_instance_uid,
            "numbers": lambda: 1,
            "place": lambda: "7FE00010",
            "reading_id": lambda: self._reading(row.state, user),
            "project_id": lambda: project().pk,
            "case_id": lambda: project().cases.get().pk,
            "member_id": lambda: project().members.filter(role="reader").latest("id").pk,
            "assignment_id": lambda: project().assignments.get().pk,
            "adjudication_id": lambda: project().adjudications.get().pk,
            "query_id": lambda: project().queries.get().pk,
            "provider_id": lambda: "sso",
            "session_id": lambda: 1,
            "token_id": lambda: self._api_token().pk,
            "user_id": lambda: self.foreign.reader_id,
            "pk": lambda: 1,
            "key": lambda: "stress_mid.corrected",
        }
        project = lru_cache(lambda: self._project(row, user or self.foreign.reader))
        path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda name: str(names[name[1]]()), row.address)
        if re.search(r"^dicom-web/(sites/[^/]+/)?(series|instances)$", row.address):
            path += f"?StudyInstanceUID={self.run.study.study_instance_uid}"
        return path

    def _reading(self, state: str, user: Any) -> int:
        own = state == "draft" and user is not None
        return reading_open(self.run.study, user).pk if own else self.foreign.pk

    def _project(self, row: Row, user: Any) -> Project:
        """A project with one case, which ``user`` reads and adjudicates as far as that matters."""
        project = Project.objects.create(
            site=self.site, name="Matrix", created_by=self.foreign.reader, seed=1
        )
        common = {"site": self.site, "project": project}
        case = Case.objects.create(**common, study=self.run.study, number=1, run=self.run)
        if {"member_id", "assignment_id"} & set(re.findall(r"<\w+:(\w+)>", row.address)):
            reader = user if "assignment_id" in row.address else self.foreign.reader
            ProjectMember.objects.create(**common, user=reader, role="reader")
            Assignment.objects.create(**common, case=case, reader=reader, kind="first", position=1)
        if "adjudication_id" in row.address:
            ProjectMember.objects.create(**common, user=user, role="adjudicator")
            Adjudication.objects.create(**common, case=case)
        if "query_id" in row.address:
            SiteQuery.objects.create(
                **common, case=case, subject="?", opened_by=self.foreign.reader
            )
        is_open = re.search(r"(assignment|adjudication|query)_id", row.address)
        if is_open or row.state == "locked":
            project.analysis_settings = settings_of(self.run)
            project.opened_at = project.locked_at = self.run.finished_at
            project.locked_by, project.content_sha256 = self.foreign.reader, "0" * 64
            project.state = "locked" if row.state == "locked" else "open"
            project.save()
        return project

    def _api_token(self) -> ApiToken:
        return ApiToken.objects.create(
            user=self.foreign.reader,
            site=self.site,
            scope="read",
            name="matrix",
            token_sha256=secrets.token_hex(32),
            expires_at=timezone.now() + timedelta(days=1),
        )

    def _delivery(self, user: Any) -> int:
        batch = batch_begin(self.site, IntakeSource.UPLOAD, user)
        kept = staging_folder() / f"zip-{batch.pk}-{TOKEN}"
        kept.write_bytes(b"PK\x05\x06" + bytes(18))
        return batch.pk


@pytest.fixture
def world(run, in_site, other_site, user_of, reader) -> World:
    instance = Instance.objects.get()
    _keep_image(instance)
    batch = batch_begin(in_site, IntakeSource.UPLOAD, None)
    problem = IntakeProblem.objects.create(
        site=in_site,
        batch=batch,
        kind=IntakeProblem.Kind.SET_ASIDE,
        code="identity-conflict",
        sha256=instance.sha256,
    )
    return World(
        site=in_site,
        other_site=other_site,
        user_of=user_of,
        run=run,
        foreign=reading_open(run.study, reader),
        instance=instance,
        problem=problem,
    )


def _keep_image(instance: Instance) -> None:
    image = make.image(
        study=instance.series.study.study_instance_uid,
        sop=instance.sop_instance_uid,
        pixels=np.ones((4, 4), np.uint16),
        SeriesInstanceUID=instance.series.series_instance_uid,
    )
    path = object_path(instance.sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save_as(path)


def body_of(row: Row, world: World) -> dict[str, Any] | None:
    """What a sensible request to this address carries."""
    base = 1 if row.state == "draft" else world.foreign.revision
    password = {"password": PASSWORD}
    bodies: dict[str, dict[str, Any]] = {
        "edits": {"base_revision": base, "kind": "report", "report": {"findings": "none"}},
        "sign": {"base_revision": base, "meaning": "author", **password},
        "discard": {"base_revision": base},
        "carry-over": {"base_revision": base},
        "addenda": {"text": "Seen again.", **password},
        "correction": {"correction": None, "reason": "matrix"},
        "decision": {"resolution": "leave", "reason": "matrix"},
        "archives": {"start": 0},
        "done": {"studies": []},
        "roi": {"slice": "stress_mid", "polygon_rc": [[10, 10], [10, 20], [20, 20]]},
        "preferences": {"viewer": {"palette": "viridis"}},
        "messages": {"kind": "answer", "text": "At rest."},
    }
    return next((bodies[part] for part in row.address.split("/") if part in bodies), None)


def ask(row: Row, world: World, user: Any, method: str = "") -> Any:
    """The answer to the row's request (by another method); whatever it changed is undone."""
    client = Client()
    if user is not None:
        client.force_login(user, backend=BACKEND)
    with transaction.atomic():
        address = world.address(row, user)
        if row.state == "draft" and row.address.endswith("sign/") and user is not None:
            acknowledge(Reading.objects.get(pk=address.split("/")[3]), user)
        if row.address.endswith("objects/") and method in ("", "POST"):
            response = client.post(address, {"paths": []} | _a_file())
        else:
            body = body_of(row, world)
            if body and row.address.endswith("sign/") and row.state == "draft":
                body["base_revision"] = 2
            method = method or row.method
            send = getattr(client, method.lower())
            if method == "GET" or row.address.startswith("accounts/"):
                response = send(address)
            else:
                response = send(address, body or {}, content_type="application/json")
        # Reading to the end also closes the files behind the answer.
        response.text_read = response.getvalue() if response.streaming else response.content
        transaction.set_rollback(True)
    return response


def _a_file() -> dict[str, Any]:
    from django.core.files.uploadedfile import SimpleUploadedFile

    return {"files": SimpleUploadedFile("note.txt", b"not DICOM"), "paths": "note.txt"}


def patterns(resolver: Any = None, before: str = "") -> Iterator[str]:
    for entry in (resolver or get_resolver()).url_patterns:
        address = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry, address)
        elif isinstance(entry, URLPattern):
            yield address


def refused(response: Any) -> bool:
    to_sign_in = response.status_code == 302 and "/accounts/login/?next=" in response["Location"]
    return to_sign_in or response.status_code in (401, 403, 404)


def test_every_address_has_its_row():
    assert set(patterns()) == {row.address for row in rows()}


def test_every_address_of_a_reading_is_asked_for_a_draft_and_for_a_signed_one():
    states: dict[tuple[str, str], set[str]] = {}
    for row in rows():
        if "reading_id" in row.address:
            states.setdefault((row.address, row.method), set()).add(row.state)
    assert all("signed" in found and len(found) > 1 for found in states.values())


@pytest.mark.parametrize("row", rows(), ids=str)
def test_each_role_gets_what_the_matrix_says(row, world):
    """One test for both sites: making the world costs more than asking it."""
    if row.state == "signed":
        acknowledge(world.foreign, world.foreign.reader)
        world.foreign.refresh_from_db()
        sign(world.foreign, world.foreign.reader)
        world.foreign.refresh_from_db()
    for letter in ROLES:
        user = None if letter == "O" else world.person(letter, world.site)
        elsewhere = row.of_a_record and not row.site_is_chosen_by_the_user
        if letter in MEMBERS and letter not in row.allowed and elsewhere:
            # What somebody may do elsewhere must not help here.
            for role in ("reader", "reviewer", "auditor", "site_admin"):
                Membership.objects.create(user=user, site=world.other_site, role=role)
        response = ask(row, world, user)
        if letter in row.allowed:
            assert response.status_code in row.answers, (letter, response.text_read[:300])
            assert not refused(response), letter
        elif letter in MEMBERS:
            # DICOMweb narrows the sites by the verb first, so that the site itself is not found;
            # what belongs to one's own account is not found in another.
            blind = row.address.startswith(("dicom-web/", "accounts/"))
            expected = (403, 404) if blind else (403,)
            assert response.status_code in expected, (letter, response.status_code)
        elif letter == "O" and row.address.startswith(("api/", "dicom-web/")):
            assert response.status_code == 401
        else:
            assert refused(response), (letter, response.status_code)
    if "O" not in row.allowed:
        members_of_another_site_find_nothing(row, world)


def members_of_another_site_find_nothing(row: Row, world: World) -> None:
    for letter in sorted(MEMBERS & row.allowed):
        response = ask(row, world, world.person(letter, world.other_site))
        if row.of_a_record and not row.site_is_chosen_by_the_user:
            assert response.status_code == 404, (letter, response.text_read[:300])
        else:
            answers = row.answers | {404} if row.of_a_record else row.answers
            assert response.status_code in answers, (letter, response.text_read[:300])
            for mark in (world.site.name, world.run.study.study_instance_uid, "Exam1"):
                assert mark.encode() not in response.text_read


def test_a_method_without_a_row_is_refused_even_to_somebody_with_every_role(world):
    mighty = world.user_of("administrator")
    for role in filter(None, ROLES.values()):
        if role != "administrator":
            Membership.objects.create(user=mighty, site=world.site, role=role)
    listed: dict[str, set[str]] = {}
    for row in rows():
        listed.setdefault(row.address, set()).add(row.method)
    one_each = {row.address: row for row in rows()}
    for address, row in one_each.items():
        for method in set(METHODS) - listed[address]:
            if address.startswith("accounts/"):
                continue
            status = ask(row, world, mighty, method).status_code
            assert status in (403, 405), (method, address, status)
