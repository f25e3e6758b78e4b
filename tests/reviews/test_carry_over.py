"""A draft that moves to a newer result of its study, and regions measured by hand."""

from __future__ import annotations

import pytest
from django.conf import settings

from qperfweb.reviews import carry_over, services
from qperfweb.reviews.queries import content_of, newest_revision
from qperfweb.runs.repairs import run_repair
from qperfweb.runs.services import run_begin, run_succeed
from tests.reading import acknowledge, contour, edit, override
from tests.runs.examples import a_result, write_bundle


@pytest.fixture
def newer(run, as_worker):
    """Makes a newer result; ``change`` may alter its document."""

    def make(change=lambda document: None):
        child = run_repair(
            run.study, user=None, parent=run, changes={"haematocrit": 0.4}, reason="measured"
        )
        with as_worker():
            child = run_begin(child.pk)
            arrays, document = a_result()
            change(document)
            assert run_succeed(child, document, write_bundle(settings.STORE_DIR, arrays))
        child.refresh_from_db()
        return child

    return make


def test_contours_values_and_text_come_along(reading, reader, newer):
    reading = edit(reading, reader, contour("stress_mid"))
    reading = edit(reading, reader, override(1.5))
    reading = acknowledge(reading, reader)
    run = newer()
    found = carry_over.plan(reading.run, run, content_of(newest_revision(reading)))
    assert {(i.kind, i.slice, i.segment) for i in found.carried} == {
        ("contours", "stress_mid", None),
        ("overrides", None, 4),
    }
    assert [item.kind for item in found.left] == ["acknowledged"]
    moved = services.reading_carry_over(reading, reader, reading.revision)
    assert moved.run_id == run.pk
    content = content_of(newest_revision(moved))
    assert content["contours"]["stress_mid"] == contour("stress_mid")["contours"]
    assert content["overrides"]["stress"]["4"]["value"] == 1.5
    assert content["acknowledged"] == {}


def test_a_contour_on_another_pixel_grid_stays_behind_and_says_so(reading, reader, newer):
    reading = edit(reading, reader, contour("stress_mid"))

    def coarser(document):
        for acquisition in document["acquisitions"]:
            for piece in acquisition["slices"]:
                piece["geometry"]["pixel_spacing_mm"] = [2.5, 2.5]

    run = newer(coarser)
    found = carry_over.plan(reading.run, run, content_of(newest_revision(reading)))
    assert found.carried == ()
    assert found.left[0].why == "The slice lies on another pixel grid."
    assert found.content["contours"] == {}


def test_the_preview_shows_values_before_and_after(client_of, in_site, run, newer):
    client = client_of("reader", in_site)
    opened = client.post(
        f"/api/studies/{run.study_id}/readings/", {}, content_type="application/json"
    )
    draft = opened.json()["reading"]
    address = f"/api/readings/{draft['id']}/carry-over/"
    assert client.get(address).status_code == 409
    newer()
    answer = client.get(address).json()
    assert answer["run"]["changes"] == ["Haematocrit 0.4 instead of 0.42"]
    whole = next(v for v in answer["values"] if v["segment"] == "GLOBAL")
    assert whole["before"] == whole["after"] == pytest.approx(2.4)


def test_a_region_drawn_by_hand_is_measured(client_of, in_site, run):
    client = client_of("auditor", in_site)
    body = {
        "slice": "stress_mid",
        "polygon_rc": [[9.5, 9.5], [9.5, 19.5], [14.5, 19.5], [14.5, 9.5]],
    }
    url = f"/api/runs/{run.pk}/roi/"
    found = client.post(url, body, content_type="application/json").json()
    assert found["pixels"] == found["valid_pixels"] == 50
    assert found["area_mm2"] == pytest.approx(200)
    assert found["mean"] == pytest.approx(2.4)
    assert found["sd"] == pytest.approx(0, abs=1e-6)
    assert found["gd"][-1] == pytest.approx(1.0, abs=1e-3)
    body["polygon_rc"] = [[0.1, 0.1], [0.1, 0.4], [0.4, 0.4]]
    empty = client.post(url, body, content_type="application/json")
    assert empty.status_code == 400
    assert "no pixel" in empty.json()["error"]["message"]
