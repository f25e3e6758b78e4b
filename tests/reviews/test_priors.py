"""Earlier exams of the same patient: only signed ones, only here, compared number by number."""

from __future__ import annotations

import datetime

import pytest

from qperfweb.core.errors import Invalid
from qperfweb.reviews.services import reading_open
from tests.reading import acknowledge, edit, override, sign
from tests.runs.examples import a_finished_run, a_study


@pytest.fixture
def two_exams(in_site, as_worker, reader):
    """An earlier exam, signed with segment 4 at 1.0, and a later one of the same patient."""
    earlier, later = a_study(in_site, 1), a_study(in_site, 2)
    earlier.study_date = datetime.date(2025, 1, 2)
    earlier.save(update_fields=["study_date"])
    later.patient, later.study_date = earlier.patient, datetime.date(2026, 1, 2)
    later.save(update_fields=["patient", "study_date"])
    with as_worker():
        a_finished_run(earlier)
        a_finished_run(later)
    old = acknowledge(reading_open(earlier, reader), reader)
    old = edit(old, reader, override(1.0))
    return old, reading_open(later, reader)


def test_a_draft_is_no_prior_and_a_signed_exam_is(two_exams, reader, client):
    old, new = two_exams
    client.force_login(reader, backend="allauth.account.auth_backends.AuthenticationBackend")
    address = f"/api/studies/{new.study_id}/priors/"
    assert client.get(address).json() == []
    with pytest.raises(Invalid, match="earlier exam"):
        edit(new, reader, {"kind": "comparison", "prior": old.pk})
    sign(old, reader)
    (prior,) = client.get(address).json()
    assert prior["study_date"] == "2025-01-02"
    assert prior["difference"]["4"]["stress"] == pytest.approx(1.4)
    assert prior["difference"]["GLOBAL"]["rest"] == pytest.approx(0.0)
    assert prior["unlike"] is None
    assert client.get(f"/api/studies/{old.study_id}/priors/").json() == []


def test_the_chosen_prior_is_kept_with_its_values(two_exams, reader):
    old, new = two_exams
    signature = sign(old, reader)
    new = edit(new, reader, {"kind": "comparison", "prior": old.pk})
    kept = new.revisions.get(number=new.revision).state["content"]["comparison"]
    assert kept["sha256"] == signature.sha256
    assert kept["values"]["4"]["stress"] == 1.0
    new = edit(new, reader, {"kind": "comparison", "prior": None})
    assert new.revisions.get(number=new.revision).state["content"]["comparison"] == {}
