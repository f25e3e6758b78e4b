"""A blinded reader finds nothing of the automated result or of other readers, wherever they ask."""

from __future__ import annotations

import csv
import io
import json
import re

import numpy as np
import pytest
from django.test import Client
from pyarrow import parquet

from qperfweb.projects import locking, services
from qperfweb.projects.gate import HARMLESS, OF_THE_PROJECT, STUDY_OF
from qperfweb.projects.models import Assignment
from qperfweb.projects.reading import open_case
from qperfweb.reviews.models import Reading
from qperfweb.reviews.services import reading_open
from tests.architecture import test_permission_matrix as matrix
from tests.architecture.permission_matrix import rows
from tests.projects.examples import a_world, all_slices, lower_everything, read_all, turn
from tests.reading import acknowledge, edit, override, sign
from tests.runs import examples

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
AUTOMATED, TYPED = 2.4137, 1.7311
"""The two secrets: what was measured automatically, and what the clinical reader typed."""


@pytest.fixture
def make_blinded(monkeypatch, in_site, user_of, as_worker):
    """``make_blinded(**choices)``: a project whose study has a signed clinical reading."""

    def make(**choices):
        monkeypatch.setitem(examples.FLOW, "stress", AUTOMATED)
        world = a_world(in_site, user_of, as_worker, **{"studies": 1} | choices)
        clinical = user_of("reader", in_site)
        reading = edit(reading_open(world.runs[0].study, clinical), clinical, override(TYPED))
        sign(acknowledge(reading, clinical), clinical)
        world.open()
        return world

    return make


def browser(user):
    client = Client()
    client.force_login(type(user).objects.get(pk=user.pk), backend=BACKEND)
    return client


def tells(content: bytes) -> bool:
    """Does an answer tell one of the secrets, in words, to two digits, or as floats?

    Times of day are left out: now and then their seconds spell a secret.
    """
    content = re.sub(rb"\d\d:\d\d:\d\d\.\d+", b"", content)
    for secret in (AUTOMATED, TYPED):
        marks = [f"{secret:.2f}".encode()]
        marks += [np.array(secret, kind).tobytes() for kind in ("<f4", "<f8")]
        if any(mark in content for mark in marks):
            return True
    return False


def test_every_address_keeps_the_secrets_from_a_blinded_reader(make_blinded, in_site, other_site):
    """One sweep over all that exists, so that a new address is tried without anybody's thought."""
    world = make_blinded(blinding="numbers")
    run = world.runs[0]
    instance = matrix.Instance.objects.get()
    matrix._keep_image(instance)
    batch = matrix.batch_begin(in_site, matrix.IntakeSource.UPLOAD, None)
    problem = matrix.IntakeProblem.objects.create(
        site=in_site, batch=batch, kind="set_aside", code="x", sha256=instance.sha256,
        study=run.study,
    )  # fmt: skip
    seen = matrix.World(
        site=in_site, other_site=other_site, user_of=None, run=run,
        foreign=Reading.objects.get(state="signed"), instance=instance, problem=problem,
    )  # fmt: skip
    watched, told = 0, []
    for row in rows():
        if row.address.startswith(("accounts/", "projects/", "api/projects/")) or not row.allowed:
            continue
        for user in (world.first, world.adjudicator):
            user = type(user).objects.get(pk=user.pk)
            if row.state == "draft":
                continue
            response = matrix.ask(row, seen, user)
            if user.pk == world.adjudicator.pk:
                watched += not matrix.refused(response) and tells(response.text_read)
            elif not matrix.refused(response) and (
                tells(response.text_read) or response["Content-Type"] in OPAQUE
            ):
                told.append((str(row), response.status_code))
    assert told == []
    assert watched >= 4, "the sweep must see the secrets where they may be seen"


OPAQUE = {"application/pdf", "application/zip", "application/octet-stream"}


@pytest.mark.parametrize("blinding", ["numbers", "scratch"])
def test_the_viewer_of_a_case_hides_values_maps_and_whose_study_it_is(make_blinded, blinding):
    world = make_blinded(blinding=blinding)
    client = browser(world.first)
    assignment = turn(world.project, world.first)
    answer = client.get(f"/api/projects/cases/{assignment.pk}/viewer/")
    assert answer.status_code == 200
    assert not tells(answer.content)
    for mark in (b"SIM-0001", b"Simulated", b"1960", b"gd_mmol", b".mbf", b"1.2.826"):
        assert mark not in answer.content, mark
    state = answer.json()
    assert state["study"]["patient_name"] == "Case 1"
    assert state["flags"] == [] and state["can_read"]
    piece = state["acquisitions"][0]["slices"][1]
    assert set(piece["arrays"]) == {"movie", "original"}
    automated = examples.circle(15.0)
    assert (piece["contours"]["epi_rc"][0] == pytest.approx(automated[0])) == (
        blinding == "numbers"
    )
    assert piece["arrays"]["movie"]["url"].startswith(f"/api/projects/cases/{assignment.pk}/")
    assert client.get(piece["arrays"]["movie"]["url"]).status_code == 200
    for name, status in (("corrected", 200), ("signal", 200), ("mbf", 403), ("gd_fit", 403)):
        address = f"/api/projects/cases/{assignment.pk}/arrays/stress_mid.{name}"
        assert client.get(address).status_code == status, name
        run = world.runs[0].pk
        assert client.get(f"/api/runs/{run}/arrays/stress_mid.{name}").status_code == 403, name
    assert browser(world.second).get(address).status_code == 403


@pytest.mark.parametrize("blinding", ["none", "numbers", "scratch"])
def test_a_hidden_repeat_shares_nothing_with_its_first_time_but_the_images(make_blinded, blinding):
    """Whoever reads the traffic finds no number, time, address or tag of the first time again."""
    world = make_blinded(blinding=blinding, studies=2, repeat_percent=50, limits=[])
    client = browser(world.first)
    twice = Assignment.objects.get(reader=world.first, kind="repeat").case
    seen = []
    while len(seen) < 2:
        assignment = turn(world.project, world.first)
        if assignment.case != twice:
            read_all_of(assignment, world.first, blinding)
            continue
        state = client.get(f"/api/projects/cases/{assignment.pk}/viewer/").json()
        urls = set(values_named("url", state))
        tags = {client.get(url)["ETag"] for url in urls}
        assert urls and tags
        seen.append((state, urls | tags))
        read_all_of(assignment, world.first, blinding)
    (first, known), (again, new) = seen
    assert known & new == set()
    assert first["study"]["patient_name"] != again["study"]["patient_name"]
    for state in (first, again):
        assert state["run"]["id"] < 0
        assert state["run"]["finished_at"] is None
        assert f"/runs/{twice.run_id}/" not in json.dumps(state)
    assert first["run"]["id"] != again["run"]["id"]


def values_named(name, value):
    """Every value under ``name`` at any depth."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from [one] if key == name else values_named(name, one)
    elif isinstance(value, list):
        for one in value:
            yield from values_named(name, one)


def read_all_of(assignment, user, blinding):
    reading = open_case(assignment, user)
    for change in all_slices() if blinding == "scratch" else ():
        reading = edit(reading, user, change)
    sign(acknowledge(reading, user) if blinding == "none" else reading, user)


def test_the_history_of_ones_own_blinded_reading_tells_no_number(make_blinded):
    world = make_blinded(blinding="numbers")
    client = browser(world.first)
    assignment = turn(world.project, world.first)
    reading = edit(open_case(assignment, world.first), world.first, all_slices()[1])
    answer = client.get(f"/api/readings/{reading.pk}/history/")
    assert answer.status_code == 200
    assert not tells(answer.content), answer.content
    for door in ("report.pdf", "export.zip", "fhir.json"):
        assert client.get(f"/api/readings/{reading.pk}/{door}").status_code == 403, door


def test_edits_of_a_blinded_reading_answer_without_numbers(make_blinded):
    world = make_blinded(blinding="scratch")
    client = browser(world.first)
    assignment = turn(world.project, world.first)
    opened = client.post(f"/api/projects/cases/{assignment.pk}/readings/").json()
    body = {"base_revision": opened["reading"]["revision"], **all_slices()[1]}
    address = f"/api/readings/{opened['reading']['id']}/edits/"
    answer = client.post(address, body, content_type="application/json")
    assert answer.status_code == 200
    assert not tells(opened_text := answer.content), opened_text
    assert answer.json()["slices"][0]["edited"]
    assert answer.json()["slices"][0]["curves"] == []
    refused = client.post(
        address,
        {"base_revision": body["base_revision"] + 1, **override()},
        content_type="application/json",
    )
    assert refused.status_code == 400


def test_readers_of_a_project_do_not_see_each_other_until_it_is_locked(make_blinded):
    world = make_blinded(blinding="none", limits=[])
    (reading,) = read_all(world.project, world.first, *lower_everything())
    addresses = [
        f"/api/readings/{reading.pk}/{what}"
        for what in ("history/", "report.pdf", "export.zip", "fhir.json")
    ]
    people = (world.second, world.manager, world.adjudicator)
    for user in people:
        for address in addresses:
            assert browser(user).get(address).status_code == 403, (user, address)
    assert browser(world.first).get(addresses[0]).status_code == 200
    read_all(world.project, world.second)
    locking.project_lock(world.project, world.manager)
    for user in people:
        assert browser(user).get(addresses[0]).status_code == 200, user


def test_adjudicators_see_the_readings_of_their_disagreements_only(make_blinded):
    world = make_blinded(blinding="none")
    (first,) = read_all(world.project, world.first)
    address = f"/api/readings/{first.pk}/history/"
    assert browser(world.adjudicator).get(address).status_code == 403
    read_all(world.project, world.second, *lower_everything())
    assert browser(world.adjudicator).get(address).status_code == 200
    assert browser(world.second).get(address).status_code == 403


def test_what_a_blinded_reader_may_not_do_is_said_with_the_project(make_blinded):
    world = make_blinded(blinding="numbers")
    study = world.runs[0].study
    answer = browser(world.first).get(f"/api/studies/{study.pk}/viewer/")
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "blinded"
    assert "“Second reads”" in answer.json()["error"]["message"]
    assert "“Second reads”" in browser(world.first).get(f"/studies/{study.pk}/").content.decode()


def test_a_reader_who_leaves_the_project_is_no_longer_blinded(make_blinded):
    world = make_blinded(blinding="numbers")
    member = world.project.members.get(user=world.first)
    services.member_end(member, world.manager, "reads this patient in the clinic")
    address = f"/api/studies/{world.runs[0].study_id}/viewer/"
    assert browser(world.first).get(address).status_code == 200
    assert Assignment.objects.get(reader=world.first).waived_reason


def test_the_lock_shows_everything_to_the_readers(make_blinded):
    world = make_blinded(blinding="numbers")
    assignment = turn(world.project, world.first)
    read_all(world.project, world.first)
    read_all(world.project, world.second)
    own = browser(world.first).get(f"/api/projects/cases/{assignment.pk}/viewer/")
    assert not tells(own.content)
    locking.project_lock(world.project, world.manager)
    own = browser(world.first).get(f"/api/projects/cases/{assignment.pk}/viewer/")
    assert tells(own.content)
    assert not own.json()["can_read"]


def test_every_name_in_an_address_is_known_to_the_wall():
    named = {name for row in rows() for name in re.findall(r"<\w+:(\w+)>", row.address)}
    assert named - {*STUDY_OF, *HARMLESS, *OF_THE_PROJECT, "reading_id"} == set()


def test_figures_over_many_studies_leave_out_what_is_blinded(make_blinded):
    world = make_blinded(blinding="numbers")
    assert browser(world.first).get("/api/agreement/").json()["pairs"] == 0
    assert browser(world.adjudicator).get("/api/agreement/").json()["pairs"] > 0
    assert not tells(browser(world.first).get("/api/agreement.csv").content)


def test_the_export_of_a_locked_project_holds_every_reading(make_blinded):
    world = make_blinded(blinding="none", limits=[])
    read_all(world.project, world.first)
    read_all(world.project, world.second, *lower_everything())
    client = browser(world.adjudicator)
    address = f"/api/projects/{world.project.pk}/readings."
    assert client.get(address + "csv").status_code == 403
    locking.project_lock(world.project, world.manager)
    text = client.get(address + "csv").content.decode()
    lines = list(csv.DictReader(io.StringIO(text)))
    assert len(lines) == 2 * (32 + 19)
    lowered = [x for x in lines if x["segment"] == "0" and x["condition"] == "stress"]
    assert sorted(float(x["final"]) for x in lowered) == pytest.approx([1.8, AUTOMATED], abs=1e-3)
    assert {x["counts"] for x in lines} == {"yes"}
    assert "Simulated" not in text and "SIM-0001" not in text
    table = parquet.read_table(io.BytesIO(client.get(address + "parquet").content))
    assert table.num_rows == len(lines)
    assert table.column("final").to_pylist()[0] == pytest.approx(float(lines[0]["final"]))
