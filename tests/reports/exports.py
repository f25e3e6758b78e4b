"""A finished run over received images, so that what is exported can refer to them."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from PIL import Image

from analysis.constants import RV_CAVITY
from analysis.dicom.reading import walk
from qperfweb.runs import services
from qperfweb.runs.bundles import write_bundle
from qperfweb.runs.models import AnalysisRun, RunPurpose, RunState
from qperfweb.studies.intake import batch_begin, batch_finish, receive_all
from qperfweb.studies.models import IntakeSource, Study
from tests.dicom import make
from tests.runs.examples import FRAMES, SIZE, a_result

POSITIONS = ("basal", "mid", "apical")


def images(study: str = make.STUDY, **elements: Any) -> list[Any]:
    """Stress and rest, three slices, each slice a series of its own, FRAMES images each."""
    objects = []
    for condition in ("stress", "rest"):
        for index, position in enumerate(POSITIONS):
            for number in range(1, FRAMES + 1):
                objects.append(
                    make.image(
                        series=f"perf {condition} {position}",
                        number=number,
                        study=study,
                        pixels=np.full((SIZE, SIZE), number, np.uint16),
                        ImagePositionPatient=make.slice_position(index),
                        **({"AccessionNumber": "A1"} | elements),
                    )
                )
    return objects


def received(site: Any, folder: Path, objects: list[Any]) -> Study:
    """The study of these objects after they went through intake."""
    make.write(folder, objects)
    batch = batch_begin(site, IntakeSource.COMMAND)
    outcomes = receive_all(batch, walk([folder]))
    assert {o.status for o in outcomes} == {"accepted"}, outcomes
    study = Study.objects.get(pk=outcomes[0].study_id)
    batch_finish(batch, [study.pk], complete=False)
    return study


def analysed(
    study: Study,
    *,
    uid_of: Callable[[str, str, int], str] | None = None,
    run: AnalysisRun | None = None,
    kept: Collection[tuple[str, str]] | None = None,
) -> AnalysisRun:
    """A succeeded run whose document names the received images.

    uid_of: SOP Instance UID of an image by condition, position and number; None: as ``images``.
    run: one that waits; None: a new one. kept: slices (condition, position) of the result.
    """
    uid = study.study_instance_uid
    name = uid_of or (lambda c, p, n: make.uid(uid, f"perf {c} {p}", n))
    waiting = run or services.run_request(study, purpose=RunPurpose.FIRST)
    run = services.run_begin(waiting.pk)
    assert run is not None
    arrays, document = a_result()
    if kept is not None:
        _keep(document, kept)
    for acquisition in document["acquisitions"]:
        for piece in acquisition["slices"]:
            condition, position = piece["key"].split("_")
            piece["series_instance_uid"] = make.uid(uid, f"perf {condition} {position}")
            piece["instance_uids"] = [name(condition, position, n + 1) for n in range(FRAMES)]
            at = make.slice_position(POSITIONS.index(position))
            piece["geometry"] = piece["geometry"] | {
                "position_mm": at,
                "row_direction": make.SHORT_AXIS[:3],
                "column_direction": make.SHORT_AXIS[3:],
            }
            labels = np.zeros((SIZE, SIZE), np.uint8)
            labels[26:38, 4:14] = RV_CAVITY
            arrays[piece["key"]]["labels"] = labels
            arrays[piece["key"]]["mbf"][0, :4] = np.nan
    bundle = write_bundle(settings.STORE_DIR, arrays)
    assert services.run_succeed(run, document, bundle)
    run.refresh_from_db()
    assert run.state == RunState.SUCCEEDED
    return run


def _keep(document: dict[str, Any], kept: Collection[tuple[str, str]]) -> None:
    for acquisition in document["acquisitions"]:
        acquisition["slices"] = [
            piece
            for piece in acquisition["slices"]
            if (acquisition["condition"], piece["position"]) in kept
        ]
    document["acquisitions"] = [a for a in document["acquisitions"] if a["slices"]]


def shown(client: Any, path: str) -> np.ndarray:
    """The picture at an address, as a browser would show it."""
    answer = client.get(path, headers={"Accept": "image/png"})
    assert answer.status_code == 200, answer.content
    return np.asarray(Image.open(io.BytesIO(answer.content))).astype(int)
