"""Studies with results and signed readings, made without images: three steps, each with its login.

``receive`` and ``read`` run as the web server, ``analyse`` as a worker; no job is queued, so that
the installation's own worker leaves these runs alone.
"""

from __future__ import annotations

from django.conf import settings

from qperfweb.accounts.models import Site, User
from qperfweb.core.rls import site_scope
from qperfweb.projects import opening
from qperfweb.projects import services as projects
from qperfweb.projects.models import Project
from qperfweb.reviews.services import reading_open
from qperfweb.runs import services
from qperfweb.runs.bundles import write_bundle
from qperfweb.runs.models import AnalysisRun
from tests.projects.examples import WITHIN_TENTH, lower_everything, read_all, read_next
from tests.reading import acknowledge, contour, edit, override, sign
from tests.runs.examples import a_result, a_study


def receive(number: int, first: int = 1) -> None:
    site = Site.objects.get(slug="north")
    for name in ("second", "third"):
        if not User.objects.filter(username=name).exists():
            user = User.objects.create_user(
                name, "correct horse battery staple", full_name=name.title()
            )
            user.memberships.create(site=site, role="reviewer")
    with site_scope([site.pk]):
        for n in range(first, first + number):
            AnalysisRun.objects.create(
                site=site, study=a_study(site, n), purpose="first", input_sha256="0" * 64,
                parameters_sha256="0" * 64,
            )  # fmt: skip


def analyse() -> None:
    with site_scope([Site.objects.get(slug="north").pk]):
        waits = AnalysisRun.objects.filter(input_sha256="0" * 64, state="queued")
        for waiting in waits.order_by("pk"):
            run = services.run_begin(waiting.pk)
            assert run is not None
            arrays, document = a_result()
            assert services.run_succeed(run, document, write_bundle(settings.STORE_DIR, arrays))


def read(number: int) -> None:
    """Sign a clinical reading of the newest ``number`` studies, each a little further away."""
    reader = User.objects.get(username="reader")
    own = AnalysisRun.objects.filter(input_sha256="0" * 64)
    with site_scope([Site.objects.get(slug="north").pk]):
        for n, run in enumerate(own.order_by("-pk")[:number]):
            draft = reading_open(run.study, reader)
            for change in (contour(radius=15.5 + n / 4), override(2.2 - n / 10)):
                draft = edit(draft, reader, change)
            sign(acknowledge(draft, reader), reader)


def disagree(number: int) -> None:
    """An open project of the newest ``number`` studies, read by two who disagree about each."""
    people = {user.username: user for user in User.objects.all()}
    manager, site = people["site_admin"], Site.objects.get(slug="north")
    with site_scope([site.pk]):
        runs = AnalysisRun.objects.filter(input_sha256="0" * 64).order_by("-pk")[:number]
        project = projects.project_create(
            site, manager, name="Disagreements", blinding="none", limits=[WITHIN_TENTH]
        )
        projects.cases_add(project, manager, [run.study for run in runs])
        for name, role in (
            ("reader", "reader"), ("second", "reader"),
            ("reviewer", "adjudicator"), ("third", "adjudicator"),
        ):  # fmt: skip
            projects.member_add(project, manager, people[name], role)
        project = opening.project_open(project, manager)
        read_all(project, people["reader"], *lower_everything())
        read_all(project, people["second"])


def read_on(name: str, username: str, number: int, *, far: bool = False) -> None:
    """Sign somebody's next cases of a project; ``far`` from what was measured, or as it is."""
    user = User.objects.get(username=username)
    with site_scope([Site.objects.get(slug="north").pk]):
        project = Project.objects.get(name=name)
        for _ in range(number):
            read_next(project, user, *(lower_everything() if far else ()))
