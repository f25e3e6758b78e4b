"""A site proves its installation: the command runs the pipeline on a known heart and says so."""

from __future__ import annotations

import json
from functools import partial
from io import StringIO

import pytest
from django.core.management import call_command

import analysis.self_test
from analysis.evaluation.exams import AcquisitionErrors
from analysis.self_test import _checks
from qperfweb.core.models import TrailEvent
from qperfweb.runs.models import SelfTestResult


def errors(**changes):
    values = {
        "condition": "stress",
        "field_strength_t": 1.5,
        "global_true": 2.5,
        "global_found": 2.4,
        "segments": tuple((2.5, 2.4, 0.3, 2.5) for _ in range(16)),
        "missing": (),
        "aif_peak_ratio": 0.97,
        "foot_error_s": 0.2,
    }
    return AcquisitionErrors(**values | changes)


def failed(found):
    return [check.name for check in _checks(found) if not check.passed]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"global_found": 3.1}, "global"),
        ({"global_found": None}, "global"),
        ({"segments": tuple((2.5, 1.7, 0.3, 2.5) for _ in range(16))}, "segment"),
        ({"missing": (2, 3, 9)}, "segments"),
        ({"aif_peak_ratio": 0.7}, "peak"),
        ({"foot_error_s": None}, "foot"),
    ],
)
def test_whatever_a_broken_stage_spoils_fails_the_test(changes, words):
    assert failed(errors()) == []
    names = failed(errors(**changes))
    assert names and all(words in name.lower() for name in names)


def test_the_command_proves_this_installation_and_the_status_page_shows_it(
    monkeypatch, client_of, in_site, as_worker
):
    # One slice at one field strength is enough to see that the command works.
    small = partial(analysis.self_test.simulate_exam, slices=1, beats=40)
    monkeypatch.setattr(analysis.self_test, "simulate_exam", small)
    monkeypatch.setattr(analysis.self_test, "FIELD_STRENGTHS_T", (1.5,))
    said = StringIO()
    with as_worker():
        call_command("self_test", "--json", stdout=said)
        (row,) = SelfTestResult.objects.all()
        assert row.passed and row.document == json.loads(said.getvalue())
        assert {check["unit"] for check in row.document["checks"]} >= {"s"}
    page = client_of("administrator").get("/status/").content.decode()
    assert "do not use this installation" not in page
    assert row.document["checks"][0]["name"] in page
    assert TrailEvent.objects.filter(action="self_test.run").exists()
