"""Analyse a whole cohort again, behind everything that is live."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from qperfweb.accounts.models import Site, User
from qperfweb.core.errors import UserError
from qperfweb.runs import cohorts
from qperfweb.runs.models import Cohort, CohortState

MOVES = {
    "pause": CohortState.PAUSED,
    "go_on": CohortState.RUNNING,
    "cancel": CohortState.CANCELLED,
}


class Command(BaseCommand):
    help = (
        "Analyse every study that fits again with the installed pipeline: new results beside the "
        "old ones, at a priority below live exams. Without criteria it lists cohorts and how far "
        "they are."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--site", action="append", default=[], help="slug; several are fine")
        parser.add_argument("--all-sites", action="store_true", help="every site")
        parser.add_argument("--project", default="", help="name of a project")
        parser.add_argument("--from", dest="taken_from", type=date.fromisoformat, metavar="DATE")
        parser.add_argument("--to", dest="taken_to", type=date.fromisoformat, metavar="DATE")
        parser.add_argument(
            "--without-model",
            action="append",
            default=[],
            metavar="NAME=VERSION",
            help="leave out studies that this version has analysed already",
        )
        parser.add_argument(
            "--model", choices=["btex", "fermi", "2cxm", "one-compartment", "patlak"]
        )
        parser.add_argument("--user", help="who asks for it, for the trail")
        parser.add_argument("--reason", default="")
        for move in MOVES:
            parser.add_argument(f"--{move.replace('_', '-')}", type=int, metavar="COHORT")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"]).first()
        if options["user"] and user is None:
            raise CommandError(f"There is no user {options['user']}.")
        try:
            for move, state in MOVES.items():
                if options[move] is not None:
                    cohorts.cohort_move(self._cohort(options[move]), state, user=user)
            if options["site"] or options["all_sites"] or options["project"]:
                self._begin(options, user)
        except UserError as error:
            raise CommandError(error.message) from error
        self._list()

    def _begin(self, options: dict[str, Any], user: User | None) -> None:
        sites = dict(Site.objects.values_list("slug", "pk"))
        if unknown := set(options["site"]) - set(sites):
            raise CommandError(f"There is no site {sorted(unknown)[0]}.")
        pairs = [one.partition("=") for one in options["without_model"]]
        if any(not version for _, _, version in pairs):
            raise CommandError("--without-model wants NAME=VERSION, e.g. segmentation=0.3.0")
        cohorts.cohort_begin(
            sites=[sites[slug] for slug in options["site"]] or list(sites.values()),
            taken_from=options["taken_from"],
            taken_to=options["taken_to"],
            project=options["project"],
            without_models={name: version for name, _, version in pairs},
            changes={"model": options["model"]} if options["model"] else {},
            user=user,
            reason=options["reason"],
        )

    def _list(self) -> None:
        for cohort in Cohort.objects.order_by("pk"):
            done = cohorts.progress_of(cohort)
            self.stdout.write(
                f"cohort {cohort.pk}: {cohort.state}, {cohort.total} studies, "
                f"{done.succeeded} done, {done.failed} failed, {done.open} under way, "
                f"{cohort.skipped} left out"
            )

    def _cohort(self, number: int) -> Cohort:
        try:
            return Cohort.objects.get(pk=number)
        except Cohort.DoesNotExist as missing:
            raise CommandError(f"There is no cohort {number}.") from missing
