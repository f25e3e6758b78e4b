"""Fixtures and moves for tests about readings: a finished run, a draft, edits, a signature."""

from __future__ import annotations

import pytest

from qperfweb.reviews.confirmation import Confirmation
from qperfweb.reviews.services import reading_edit, reading_open
from qperfweb.reviews.signing import reading_sign
from tests.runs.examples import CONTOURS, a_finished_run, a_study, circle

PASSWORD = "correct horse battery"  # what conftest gives every test user


@pytest.fixture
def reader(user_of, in_site):
    return user_of("reader", in_site)


@pytest.fixture
def run(in_site, as_worker):
    study = a_study(in_site)
    with as_worker():
        return a_finished_run(study)


@pytest.fixture
def reading(run, reader):
    return reading_open(run.study, reader)


def contour(slice_key="stress_mid", radius=17.0):
    return {
        "kind": "contour",
        "slice": slice_key,
        "contours": {
            "endo_rc": [list(p) for p in circle(9.0)],
            "epi_rc": [list(p) for p in circle(radius)],
            "rv_insertion_anterior_rc": list(CONTOURS.rv_insertion_anterior_rc),
            "rv_insertion_inferior_rc": None,
            "lv_centre_rc": [32.0, 32.0],
        },
    }


def override(value=1.5, segment=4, condition="stress", reason="dark rim"):
    return {
        "kind": "override",
        "condition": condition,
        "segment": segment,
        "value": value,
        "reason": reason,
    }


def edit(reading, user, change):
    return reading_edit(reading, user, {"base_revision": reading.revision, **change})


def sign(reading, user, **changes):
    arguments = {
        "base_revision": reading.revision,
        "confirmation": proof(user),
        "meaning": "author",
    } | changes
    return reading_sign(reading, user, **arguments)


def proof(user):
    return Confirmation(user_id=user.pk, method="password")


def acknowledge(reading, user):
    return edit(reading, user, {"kind": "acknowledge", "flag": "stress_mid:check-contour"})
