"""Repairs that a reader asks for: checked, made into a child run, said in words."""

from __future__ import annotations

import pytest
from django.conf import settings

from qperfweb.core.errors import Invalid
from qperfweb.runs import services
from qperfweb.runs.models import AnalysisRun, RunPurpose
from qperfweb.runs.repairs import run_repair, words_of
from tests.runs.examples import a_result, write_bundle

POOL = [[4.0, 4.0], [4.0, 10.0], [10.0, 10.0], [10.0, 4.0]]


@pytest.fixture
def reader(client_of, in_site):
    return client_of("reader", in_site)


def ask(reader, run, **body):
    body = {"parent": run.pk, **body}
    return reader.post(f"/api/studies/{run.study_id}/runs/", body, content_type="application/json")


def test_a_drawn_blood_pool_makes_a_child_run_and_leaves_its_parent(reader, run):
    before = run.parameters
    answer = ask(reader, run, aif_lv_polygons_rc={"stress": POOL}, reason="mask took in the aorta")
    assert answer.status_code == 201
    child = AnalysisRun.objects.get(pk=answer.json()["id"])
    assert child.parent_id == run.pk
    assert child.purpose == RunPurpose.AIF_EDITED
    assert child.parameters["pipeline"]["aif_lv_polygons_rc"] == {"stress": POOL}
    assert child.reason == "mask took in the aorta"
    assert child.requested_by.username.startswith("reader")
    assert words_of(child) == ["Arterial input of stress: blood pool drawn by hand"]
    run.refresh_from_db()
    assert run.parameters == before


def test_repairs_of_one_slice_leave_those_of_another(run, reader):
    first = run_repair(
        run.study, user=None, parent=run, reason="ghost",
        changes={"excluded_frames": {"stress_mid": [3]}, "haematocrit": 0.38},
    )  # fmt: skip
    assert first.purpose == RunPurpose.FRAMES_LEFT_OUT
    assert first.parameters["pipeline"]["excluded_frames"] == {"stress_mid": [3]}
    assert words_of(first) == [
        "Haematocrit 0.38 instead of 0.42", "Stress mid: frame 4 left out",
    ]  # fmt: skip
    services.run_cancel(first, None)
    # A child of the same parent does not take the cancelled one's frames over.
    second = run_repair(
        run.study, user=None, parent=run, reason="x", changes={"excluded_frames": {"rest_mid": [5]}}
    )
    assert second.parameters["pipeline"]["excluded_frames"] == {"rest_mid": [5]}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"excluded_frames": {"stress_top": [1]}}, "no slice"),
        ({"excluded_frames": {"stress_mid": [99]}}, "no frame 100"),
        ({"excluded_frames": {"stress_mid": [0, 1, 2]}}, "At least 10 frames"),
        ({"aif_excluded_frames": {"other": [1]}}, "no arterial input images"),
        ({"aif_lv_polygons_rc": {"stress": [[1, 1], [1, 2], [2, 2]]}}, "too small"),
        ({"aif_lv_polygons_rc": {"stress": [[1, 1], [1, 90], [9, 9]]}}, "leaves the image"),
        ({"other_models": ["btex"]}, "different"),
    ],
)
def test_a_repair_that_cannot_be_done_is_refused_in_words(reader, run, body, words):
    answer = ask(reader, run, reason="why", **body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]
    assert AnalysisRun.objects.count() == 1


def test_a_repair_needs_a_reason(reader, run):
    answer = ask(reader, run, excluded_frames={"stress_mid": [4]})
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == "reason"


def test_a_repair_of_a_study_without_a_result_is_refused(run):
    with pytest.raises(Invalid, match="no result"):
        run_repair(
            run.study, user=None, parent=services.AnalysisRun(parameters={}), reason="x",
            changes={"excluded_frames": {"stress_mid": [1]}},
        )  # fmt: skip


def test_the_viewer_names_parent_reader_and_repair(reader, run, as_worker):
    child_id = ask(reader, run, haematocrit=0.35, reason="measured today").json()["id"]
    waiting = reader.get(f"/api/studies/{run.study_id}/viewer/").json()
    assert waiting["run"]["id"] == child_id
    assert waiting["result_run"]["id"] == run.pk
    with as_worker():
        child = services.run_begin(child_id)
        arrays, document = a_result()
        services.run_succeed(child, document, write_bundle(settings.STORE_DIR, arrays))
    state = reader.get(f"/api/studies/{run.study_id}/viewer/").json()
    shown = state["result_run"]
    assert shown["parent"] == run.pk
    assert shown["changes"] == ["Haematocrit 0.35 instead of 0.42"]
    assert shown["reason"] == "measured today"
    assert state["study"]["haematocrit"] == 0.35


def test_another_model_can_be_computed_beside_the_main_one(reader, run):
    child = AnalysisRun.objects.get(pk=ask(reader, run, other_models=["fermi"]).json()["id"])
    assert child.parameters["pipeline"]["other_models"] == ["fermi"]
    assert words_of(child) == ["Flow computed beside the main model: Fermi model"]


def test_the_viewer_gets_the_input_images_with_masks_and_frames(reader, run):
    state = reader.get(f"/api/studies/{run.study_id}/viewer/").json()
    images = state["acquisitions"][0]["aif"]["images"]
    assert images["movie"]["shape"] == [2, 12, 16, 16]
    mask = reader.get(images["lv_mask"]["url"])
    assert images["lv_mask"]["dtype"] == "uint8"
    assert sum(mask.content) == 36
    assert images["polygon_rc"] is None
