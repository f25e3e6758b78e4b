"""The viewer's conversation with the server, over HTTP."""

from __future__ import annotations

import numpy as np
import pytest

from qperfweb.accounts.models import Membership
from qperfweb.core.models import TrailEvent
from qperfweb.reviews.models import Reading
from tests.reading import PASSWORD, contour, override
from tests.runs.examples import FRAMES, SIZE


@pytest.fixture
def reader(client_of, in_site):
    return client_of("reader", in_site)


def post(client, url, **body):
    return client.post(url, body, content_type="application/json")


@pytest.fixture
def draft(reader, run):
    answer = post(reader, f"/api/studies/{run.study_id}/readings/")
    assert answer.status_code == 200
    return answer.json()


def edit(reader, draft, change):
    return post(
        reader,
        f"/api/readings/{draft['reading']['id']}/edits/",
        base_revision=draft["reading"]["revision"],
        **change,
    )


def test_the_viewer_state_names_the_patient_and_every_slice(reader, run):
    state = reader.get(f"/api/studies/{run.study_id}/viewer/").json()
    assert state["study"]["patient_name"] == "Simulated, Exam1"
    assert [s["key"] for a in state["acquisitions"] for s in a["slices"]] == [
        f"{condition}_{position}"
        for condition in ("stress", "rest")
        for position in ("basal", "mid", "apical")
    ]
    assert state["reading"] is None
    assert state["can_sign"] is True


def test_the_table_holds_flow_reserve_and_error(reader, run):
    rows = {
        r["segment"]: r for r in reader.get(f"/api/studies/{run.study_id}/viewer/").json()["table"]
    }
    assert len(rows) == 20
    assert rows[4]["stress"]["value"] == pytest.approx(2.4)
    assert rows[4]["mpr"]["value"] == pytest.approx(3.0)
    assert rows["GLOBAL"]["mpr"]["value"] == pytest.approx(3.0)
    assert rows["LAD"]["rest"]["value"] == pytest.approx(0.8)
    common = 0.25 * 2.4  # does not shrink by averaging over segments
    assert common < rows["GLOBAL"]["stress"]["standard_error"] < 1.1 * common


def test_an_array_is_served_once_and_then_from_the_browsers_cache(reader, run):
    state = reader.get(f"/api/studies/{run.study_id}/viewer/").json()
    movie = state["acquisitions"][0]["slices"][0]["arrays"]["movie"]
    answer = reader.get(movie["url"])
    stored = np.frombuffer(answer.content, dtype="<u2").reshape(movie["shape"])
    assert movie["shape"] == [FRAMES, SIZE, SIZE]
    assert stored[-1, 0, 0] * movie["scale"] + movie["offset"] == pytest.approx(150, abs=0.01)
    again = reader.get(movie["url"], headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304


def test_an_edited_contour_changes_table_and_sectors_of_its_slice_only(reader, draft):
    answer = edit(reader, draft, contour("stress_mid"))
    assert answer.status_code == 200
    changed = answer.json()
    assert [piece["key"] for piece in changed["slices"]] == ["stress_mid"]
    assert changed["slices"][0]["edited"] is True
    rows = {r["segment"]: r for r in changed["table"]}
    assert rows[7]["stress"]["source"] == "contour"
    assert rows[1]["stress"]["source"] == "automated"
    assert rows[7]["stress"]["pixels"] > 0


def test_a_typed_value_marks_what_derives_from_it(reader, draft):
    rows = {r["segment"]: r for r in edit(reader, draft, override(1.2)).json()["table"]}
    assert rows[4]["stress"]["value"] == 1.2
    assert rows[4]["stress"]["standard_error"] is None
    assert rows[4]["mpr"] == {
        "value": pytest.approx(1.5),
        "standard_error": None,
        "automated_value": pytest.approx(3.0),
        "reason": None,
        "derived_from_typed": True,
    }
    assert rows["GLOBAL"]["stress"]["standard_error"] is None
    assert rows["GLOBAL"]["stress"]["value"] < 2.4
    assert rows["LAD"]["mpr"]["derived_from_typed"] is False


def test_a_non_diagnostic_segment_leaves_the_global_value(reader, draft):
    change = {
        "kind": "segment_status",
        "condition": "stress",
        "segment": 4,
        "status": "non_diagnostic",
        "reason": "outflow tract",
    }
    rows = {r["segment"]: r for r in edit(reader, draft, change).json()["table"]}
    assert rows[4]["stress"]["value"] is None
    assert "outflow tract" in rows[4]["stress"]["not_measured_reason"]
    assert rows[4]["mpr"]["value"] is None
    assert rows["GLOBAL"]["stress"]["value"] == pytest.approx(2.4)


def test_two_windows_on_one_draft_meet_a_clear_conflict(reader, draft):
    assert edit(reader, draft, override(1.2)).status_code == 200
    answer = edit(reader, draft, override(1.3))
    assert answer.status_code == 409
    assert answer.json()["error"]["detail"]["current_revision"] == 2


def test_an_edit_that_lacks_something_names_the_field(reader, draft):
    answer = edit(reader, draft, {"kind": "override", "condition": "stress", "segment": 4})
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == "value"


def test_signing_over_http_and_then_nothing_changes(reader, draft):
    url = f"/api/readings/{draft['reading']['id']}"
    flag = {"kind": "acknowledge", "flag": "stress_mid:check-contour", "comment": "fine"}
    ready = edit(reader, draft, flag).json()
    revision = ready["reading"]["revision"]
    wrong = post(reader, f"{url}/sign/", base_revision=revision, password="x", meaning="author")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "wrong_password")
    signed = post(
        reader, f"{url}/sign/", base_revision=revision, password=PASSWORD, meaning="author"
    )
    assert signed.json()["reading"]["state"] == "signed"
    assert edit(reader, signed.json(), override(1.0)).status_code == 409
    added = post(reader, f"{url}/addenda/", text="Seen again.", password=PASSWORD)
    assert added.json()["reading"]["addenda"][0]["text"] == "Seen again."


def test_history_tells_who_changed_what_from_what_to_what(reader, draft):
    first = edit(reader, draft, override(1.2)).json()
    edit(reader, first, override(1.3))
    history = reader.get(f"/api/readings/{draft['reading']['id']}/history/").json()
    assert [entry["words"] for entry in history][1:] == [
        "Value entered by hand: segment 4, stress: 1.2",
        "Value entered by hand: segment 4, stress: 1.3 (was 1.2)",
    ]
    assert history[1]["reason"] == "dark rim"


@pytest.mark.parametrize("role", ["technologist", "auditor"])
def test_who_may_look_may_not_edit(client_of, in_site, run, role):
    client = client_of(role, in_site)
    assert client.get(f"/api/studies/{run.study_id}/viewer/").status_code == 200
    assert post(client, f"/api/studies/{run.study_id}/readings/").status_code == 403


def test_a_study_of_another_site_does_not_exist(client_of, other_site, run):
    client = client_of("reader", other_site)
    assert client.get(f"/api/studies/{run.study_id}/viewer/").status_code == 404
    assert client.get(f"/api/runs/{run.pk}/arrays/stress_mid.mbf").status_code == 404


def test_acknowledging_takes_a_flag_that_exists(reader, draft):
    answer = edit(reader, draft, {"kind": "acknowledge", "flag": "nothing"})
    assert answer.status_code == 400


def test_a_reader_whose_role_ends_in_the_middle_of_an_edit_is_told_and_finds_the_draft_again(
    reader, draft, in_site
):
    kept = edit(reader, draft, contour())
    assert kept.status_code == 200
    membership = Membership.objects.get(user=reader.user, site=in_site)
    Membership.objects.filter(pk=membership.pk).update(role="technologist")
    refused = edit(reader, kept.json(), override())
    assert refused.status_code == 403
    assert refused.json()["error"]["message"] == "You do not have the role for this at this site."
    assert TrailEvent.objects.filter(action="access.refused", actor=reader.user).exists()
    Membership.objects.filter(pk=membership.pk).update(role="reader")
    found = post(reader, f"/api/studies/{Reading.objects.get().study_id}/readings/").json()
    assert found["reading"]["revision"] == kept.json()["reading"]["revision"]
    assert edit(reader, found, override()).status_code == 200
