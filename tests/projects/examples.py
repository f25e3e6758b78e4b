"""A small project: three studies, two readers, an adjudicator, and moves that people make in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qperfweb.projects import opening, services
from qperfweb.projects.models import Assignment, Project
from qperfweb.projects.reading import next_of, open_case
from qperfweb.reviews.models import Reading
from qperfweb.runs.models import AnalysisRun
from tests.reading import acknowledge, contour, edit, sign
from tests.runs.examples import a_finished_run, a_study

WITHIN_TENTH = {"quantity": "mbf", "scope": "global", "unit": "absolute", "most": 0.1}


@dataclass
class World:
    site: Any
    manager: Any
    first: Any
    second: Any
    adjudicator: Any
    runs: list[AnalysisRun]
    project: Project

    def open(self) -> Project:
        self.project = opening.project_open(self.project, self.manager)
        return self.project


def a_world(site: Any, user_of: Any, as_worker: Any, *, studies: int = 2, **choices: Any) -> World:
    """A project in set-up, with everybody named."""
    runs = []
    for number in range(1, studies + 1):
        study = a_study(site, number)
        with as_worker():
            runs.append(a_finished_run(study))
    manager = user_of("site_admin", site)
    first, second, adjudicator = (user_of("reviewer", site) for _ in range(3))
    project = services.project_create(
        site, manager, name="Second reads", **({"limits": [WITHIN_TENTH]} | choices)
    )
    services.cases_add(project, manager, [run.study for run in runs])
    for person, role in ((first, "reader"), (second, "reader"), (adjudicator, "adjudicator")):
        services.member_add(project, manager, person, role)
    return World(
        site=site, manager=manager, first=first, second=second, adjudicator=adjudicator,
        runs=runs, project=project,
    )  # fmt: skip


def turn(project: Project, reader: Any) -> Assignment:
    found = next_of(project, reader)
    assert found is not None
    return found


def read_next(project: Project, reader: Any, *edits: dict[str, Any]) -> Reading:
    """The reader's next case, edited and signed."""
    assignment = turn(project, reader)
    reading = open_case(assignment, reader)
    for change in edits:
        reading = edit(reading, reader, change)
    if project.blinding == "none":
        reading = acknowledge(reading, reader)
    sign(reading, reader)
    reading.refresh_from_db()
    return reading


def read_all(project: Project, reader: Any, *edits: dict[str, Any]) -> list[Reading]:
    readings = []
    while next_of(project, reader) is not None:
        readings.append(read_next(project, reader, *edits))
    return readings


def all_slices() -> list[dict[str, Any]]:
    """Edits that draw every slice, as a from-scratch reading must."""
    return [
        contour(f"{condition}_{position}")
        for condition in ("stress", "rest")
        for position in ("basal", "mid", "apical")
    ]


def lower_everything(by: float = 0.6) -> list[dict[str, Any]]:
    """Values typed by hand in all stress segments: a reading far from the automated one."""
    return [
        {"kind": "override", "condition": "stress", "segment": n, "value": 2.4 - by, "reason": "x"}
        for n in range(1, 17)
    ]
