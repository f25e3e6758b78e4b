"""What the database adds up is what the pairs are; a cohort of any size stays out of memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from qperfweb.accounts.models import Site
from qperfweb.agreement import totals
from qperfweb.agreement.queries import Filters, final_values, pairs
from qperfweb.core.rls import site_scope
from tests.database import ROOT

STUDIES = 40


@pytest.fixture
def cohort(own_database, tmp_path):
    """The seeded cohort of the benchmark, and what the benchmark said."""
    environment = {
        **os.environ,
        **own_database.environment,
        "QPERF_STATE": str(tmp_path / "state"),
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "manage.py", "benchmark_agreement", "--json"]
    done = subprocess.run(
        [*command, "--studies", str(STUDIES)],
        cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    site = Site.objects.get()
    with site_scope([site.pk]):
        yield site, json.loads(done.stdout)["rows"][0]


def test_sums_of_the_database_are_those_of_the_pairs(cohort, monkeypatch):
    site, row = cohort
    assert (row["name"], row["studies"]) == ("agreement_p95_ms", STUDIES)
    assert row["ratio"] == pytest.approx(row["value"] / 2000)
    for subset in ("all", "edited"):
        filters = Filters(sites=(site.pk,), subset=subset)
        told = totals.totals_in_database(final_values(filters))
        same = totals.totals_of(
            [{**pair, "first": pair["second"], "second": pair["first"]} for pair in pairs(filters)]
        )
        assert (told.pairs, told.studies) == (same.pairs, same.studies)
        assert (told.points, +told.sources) == (same.points, same.sources)
        for name, value in vars(told.sums).items():
            np.testing.assert_allclose(value, vars(same.sums)[name], rtol=1e-9, atol=1e-12)
    assert told.studies <= STUDIES
    monkeypatch.setattr(totals, "MOST_POINTS", 50)
    sample = totals.totals_in_database(final_values(Filters(sites=(site.pk,)))).points
    assert 40 <= len(sample) <= 50
    assert len({point["segment"] for point in sample}) > 8


def test_a_cohort_without_readings_adds_up_to_nothing(in_site):
    # A version that nobody has is a filter of which Django knows that nothing passes it.
    for filters in (Filters(sites=(in_site.pk,)), Filters(sites=(in_site.pk,), version="9.9")):
        nothing = totals.totals_in_database(final_values(filters))
        assert (nothing.pairs, nothing.studies, nothing.points) == (0, 0, [])
        assert nothing.edited_share == {}
