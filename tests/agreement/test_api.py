"""Figures of signed readings over HTTP, and who may see which."""

from __future__ import annotations

import csv
import io

import pytest

from qperfweb.accounts.models import Membership
from qperfweb.reviews.services import reading_open
from tests.reading import acknowledge, edit, override, sign
from tests.runs.examples import a_finished_run, a_study


@pytest.fixture
def signed(in_site, user_of, as_worker):
    reader = user_of("reader", in_site)
    studies = []
    for number in range(1, 5):
        study = a_study(in_site, number)
        with as_worker():
            a_finished_run(study)
        draft = edit(reading_open(study, reader), reader, override(2.4 - 0.1 * number))
        sign(acknowledge(draft, reader), reader)
        studies.append(study)
    return studies


def test_all_segments_and_edited_ones_are_reported_apart(client_of, in_site, signed):
    auditor = client_of("auditor", in_site)
    everything = auditor.get("/api/agreement/").json()
    assert (everything["pairs"], everything["studies"]) == (64, 4)
    assert everything["edited_share"] == pytest.approx({"typed": 4 / 64, "automated": 60 / 64})
    assert everything["bland_altman"]["patients"] == 4
    assert everything["bland_altman"]["bias"]["value"] == pytest.approx(0.25 / 16, rel=1e-3)
    edited = auditor.get("/api/agreement/?subset=edited").json()
    assert edited["pairs"] == 4
    assert edited["bland_altman"]["bias"]["value"] == pytest.approx(0.25, rel=1e-3)
    assert edited["reasons"] == [{"reason": "dark rim", "count": 4}]
    assert {p["study"] for p in edited["points"]} == {study.pk for study in signed}


def test_too_few_readings_say_so_instead_of_figures(client_of, in_site):
    answer = client_of("auditor", in_site).get("/api/agreement/").json()
    assert answer["bland_altman"] is None
    assert "at least three patients" in answer["missing_reason"]


def test_the_csv_holds_the_pairs_behind_the_figures(client_of, in_site, signed):
    text = client_of("auditor", in_site).get("/api/agreement.csv?subset=edited").content.decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert sorted(float(row["final"]) for row in rows) == pytest.approx([2.0, 2.1, 2.2, 2.3])


def test_agreement_shows_only_sites_where_the_role_allows_it(
    client_of, user_of, in_site, other_site, signed
):
    assert client_of("technologist", in_site).get("/api/agreement/").status_code == 403
    mixed = client_of("technologist", in_site)
    Membership.objects.create(user=mixed.user, site=other_site, role="auditor")
    assert mixed.get("/api/agreement/").json()["pairs"] == 0
