"""Exams of every shape with known results and no images: what the reading room must lay out.

Three steps, each with its login: ``receive`` and ``sign_the_prior`` as the web server, ``analyse``
as a worker. No job is queued, so that the installation's own worker leaves these runs alone.
"""

from __future__ import annotations

import copy
import json
from datetime import date
from typing import Any

import numpy as np
from django.conf import settings

from qperfweb.accounts.models import Site, User
from qperfweb.core.rls import site_scope
from qperfweb.reviews.services import reading_open
from qperfweb.runs import services
from qperfweb.runs.bundles import write_bundle
from qperfweb.runs.models import AnalysisRun
from qperfweb.studies.models import Study
from tests.reading import acknowledge, edit, override, sign
from tests.runs.examples import EPICARDIUM, SIZE, a_result, a_study

INPUT = "6" * 64
"""Marks this script's runs."""

NUMBERS = {
    "full": 600, "two": 601, "one": 602, "stress": 603, "gap": 604, "mapless": 605, "models": 606,
    "bare": 607, "tools": 608, "marks": 609, "table": 610, "last": 611, "failed": 612,
    "prior": 690,
}  # fmt: skip

DATES = {
    "prior": date(2024, 2, 1), "full": date(2026, 2, 1), "marks": date(2026, 3, 1),
}  # fmt: skip
"""Exams of one person."""


WHY_FAILED = "No first pass was found in the series: the contrast does not arrive."

NOT_MEASURED = {
    "mbf_ml_per_min_per_g": None, "standard_error": None, "endo": None, "epi": None,
    "uncertainty": None, "pixels": 0, "outline_rc": None, "not_measured_reason": "no contours",
}  # fmt: skip
"""What the pipeline says of a segment of a slice without contours."""


def receive() -> None:
    """Prints the study of each exam by name."""
    site = Site.objects.get(slug="north")
    with site_scope([site.pk]):
        studies = {name: a_study(site, number) for name, number in NUMBERS.items()}
        for study in studies.values():
            AnalysisRun.objects.create(
                site=site, study=study, purpose="first", input_sha256=INPUT,
                # Of all that was received, or the worker would come to settle the study.
                input_manifest=[[f"{study.study_instance_uid}.1.1", INPUT]],
                parameters_sha256="0" * 64,
            )  # fmt: skip
        for name, day in DATES.items():
            Study.objects.filter(pk=studies[name].pk).update(
                patient=studies["full"].patient, study_date=day
            )
        print(json.dumps({name: study.pk for name, study in studies.items()}))


def analyse() -> None:
    names = {f"A{number}": name for name, number in NUMBERS.items()}
    with site_scope([Site.objects.get(slug="north").pk]):
        for waiting in AnalysisRun.objects.filter(input_sha256=INPUT).select_related("study"):
            run = services.run_begin(waiting.pk)
            assert run is not None
            name = names[waiting.study.accession_number]
            if name == "failed":
                assert services.run_fail(run, code="no-first-pass", message=WHY_FAILED)
                continue
            arrays, document = _result(name)
            assert services.run_succeed(run, document, write_bundle(settings.STORE_DIR, arrays))


def sign_the_prior() -> None:
    """Signed with another value of segment 4 at stress: 2.4 now, 2.0 then."""
    reader = User.objects.get(username="reader")
    with site_scope([Site.objects.get(slug="north").pk]):
        study = Study.objects.get(accession_number=f"A{NUMBERS['prior']}")
        draft = edit(reading_open(study, reader), reader, override(2.0, segment=4))
        sign(acknowledge(draft, reader), reader)


def _result(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    arrays, document = a_result()
    missing = {
        "two": {"stress_apical", "rest_apical"},
        "one": {"stress_basal", "stress_apical", "rest_basal", "rest_apical"},
        "stress": {"rest_basal", "rest_mid", "rest_apical"},
        "gap": {"rest_basal", "rest_apical"},
    }.get(name, set())
    for acquisition in document["acquisitions"]:
        acquisition["slices"] = [s for s in acquisition["slices"] if s["key"] not in missing]
    document["acquisitions"] = [a for a in document["acquisitions"] if a["slices"]]
    kept = {a["key"] for a in document["acquisitions"]}
    arrays = {
        key: value
        for key, value in arrays.items()
        if key not in missing and key.split("_")[0] in kept
    }
    if name == "mapless":
        for array in ("mbf", "mbf_se", "quality", "uncertainty"):
            del arrays["rest_mid"][array]
    if name == "tools":
        _slow_outside(arrays)
    if name == "models":
        _add_fermi(arrays, document)
    if name == "bare":
        for acquisition in document["acquisitions"]:
            for piece in acquisition["slices"]:
                piece.update(contours=None, segment_to_check=None)
                for segment in piece["segments"]:
                    segment.update(NOT_MEASURED)
    return arrays, document


def _slow_outside(arrays: dict[str, Any]) -> None:
    """Next to no flow around the wall: a contour that takes some of it in lowers the number."""
    for key in arrays:
        if "mbf" in arrays[key]:
            rows, columns = np.indices((SIZE, SIZE))
            outside = np.hypot(rows - SIZE / 2, columns - SIZE / 2) > EPICARDIUM + 1
            arrays[key]["mbf"][outside] = 0.1


def _add_fermi(arrays: dict[str, Any], document: dict[str, Any]) -> None:
    """A second model that measures a tenth more everywhere."""
    for acquisition in document["acquisitions"]:
        acquisition["other_models"] = {
            "fermi": {
                "global_mbf_ml_per_min_per_g": 1.1 * acquisition["global_mbf_ml_per_min_per_g"],
                "global_standard_error": 0.2,
            }
        }
        for piece in acquisition["slices"]:
            own = arrays[piece["key"]]
            own["mbf_fermi"], own["mbf_se_fermi"] = 1.1 * own["mbf"], own["mbf_se"]
            segments = copy.deepcopy(piece["segments"])
            for segment in segments:
                segment["mbf_ml_per_min_per_g"] *= 1.1
            piece["other_models"] = {"fermi": {"segments": segments}}
