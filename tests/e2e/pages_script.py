"""A record behind every page that names one; ``analyse`` runs as a worker, the others as the web.

No job is queued, so that the installation's own worker leaves the run alone.
"""

from __future__ import annotations

import json

from django.conf import settings
from django.utils import timezone

from qperfweb.accounts.models import Membership, Site, User
from qperfweb.accounts.people import welcome_address
from qperfweb.core.rls import site_scope
from qperfweb.projects.analysis_settings import settings_of
from qperfweb.projects.models import Adjudication, Assignment, Case, Project, ProjectMember
from qperfweb.runs import services
from qperfweb.runs.bundles import write_bundle
from qperfweb.runs.models import AnalysisRun
from qperfweb.studies.intake import batch_begin
from qperfweb.studies.models import Instance, IntakeProblem, IntakeSource
from tests.runs.examples import a_result, a_study

STUDY, BLINDED = 500, 501
"""The second is a project's case, so that its reader sees nothing else of it."""
INPUT = "5" * 64
"""Marks this script's runs."""


def receive() -> None:
    site = Site.objects.get(slug="north")
    with site_scope([site.pk]):
        for number in (STUDY, BLINDED):
            AnalysisRun.objects.create(
                site=site, study=a_study(site, number), purpose="first", input_sha256=INPUT,
                parameters_sha256="0" * 64,
            )  # fmt: skip


def analyse() -> None:
    with site_scope([Site.objects.get(slug="north").pk]):
        for waiting in AnalysisRun.objects.filter(input_sha256=INPUT):
            run = services.run_begin(waiting.pk)
            assert run is not None
            arrays, document = a_result()
            assert services.run_succeed(run, document, write_bundle(settings.STORE_DIR, arrays))


def make() -> None:
    """Project, case, disagreement, set-aside object and invitation; prints what names them."""
    site = Site.objects.get(slug="north")
    reader, reviewer = User.objects.get(username="reader"), User.objects.get(username="reviewer")
    with site_scope([site.pk]):
        free, run = AnalysisRun.objects.filter(input_sha256=INPUT).order_by("pk")
        project = Project.objects.create(
            site=site, name="Barriers", created_by=reviewer, seed=1, state="open",
            analysis_settings=settings_of(run), opened_at=timezone.now(),
        )  # fmt: skip
        common = {"site": site, "project": project}
        case = Case.objects.create(**common, study=run.study, number=1, run=run)
        for person, role in ((reader, "reader"), (reviewer, "adjudicator")):
            ProjectMember.objects.create(**common, user=person, role=role)
        assignment = Assignment.objects.create(
            **common, case=case, reader=reader, kind="first", position=1
        )
        adjudication = Adjudication.objects.create(**common, case=case)
        problem = IntakeProblem.objects.create(
            site=site, batch=batch_begin(site, IntakeSource.UPLOAD, None),
            kind=IntakeProblem.Kind.SET_ASIDE, code="identity-conflict",
            sha256=Instance.objects.get(series__study=run.study).sha256,
        )  # fmt: skip
        invited = User.objects.create(username="invited", full_name="Ina Invited")
        invited.set_unusable_password()
        invited.save()
        Membership.objects.create(user=invited, site=site, role="reader")
        key, token = (
            welcome_address(User.objects.get(username="administrator"), invited)
            .strip("/")
            .split("/")[-2:]
        )
        print(json.dumps({
            "study_id": free.study_id, "problem_id": problem.pk, "project_id": project.pk,
            "assignment_id": assignment.pk, "adjudication_id": adjudication.pk, "slug": site.slug,
            "key": key, "token": token,
        }))  # fmt: skip
