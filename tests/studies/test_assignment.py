"""Giving studies to readers, and finding one's own."""

from __future__ import annotations

from typing import Any

import pytest

from qperfweb.core.models import TrailEvent
from tests.studies.test_api import study_of


def assign(client: Any, study: Any, reader: int | None) -> Any:
    return client.post(
        f"/api/studies/{study.pk}/assignment/", {"reader": reader}, content_type="application/json"
    )


def names(client: Any, **asked: Any) -> list[str]:
    answer = client.post("/api/studies/", asked, content_type="application/json")
    return [row["patient_name"] for row in answer.json()["results"]]


@pytest.fixture
def reader(client_of: Any, in_site: Any) -> Any:
    return client_of("reader", in_site)


def test_a_study_that_is_mine_is_found_by_that_and_the_trail_says_who_gave_it(
    reader: Any, client_of: Any, in_site: Any
) -> None:
    mine, _ = study_of(in_site, "Mine^A", 1), study_of(in_site, "Free^B", 2)
    boss = client_of("site_admin", in_site)
    assert assign(boss, mine, reader.user.pk).json() == {"reader": reader.user.pk}
    assert names(reader, assigned="me") == ["Mine, A"]
    assert names(reader, assigned="nobody") == ["Free, B"]
    assert len(names(reader)) == 2
    event = TrailEvent.objects.get(action="study.assigned")
    assert (event.actor, event.details) == (boss.user, {"from": None, "to": reader.user.pk})
    assert assign(boss, mine, None).json() == {"reader": None}
    assert names(reader, assigned="me") == []


def test_only_people_who_may_read_there_are_offered_and_accepted(
    reader: Any, client_of: Any, in_site: Any, other_site: Any
) -> None:
    study = study_of(in_site, "Some^A")
    elsewhere = client_of("reader", other_site).user
    technologist = client_of("technologist", in_site)
    offered = reader.get("/api/readers/").json()
    assert [(one["id"], one["sites"]) for one in offered] == [(reader.user.pk, ["North Hospital"])]
    for wrong in (elsewhere.pk, technologist.user.pk, 10**6):
        answer = assign(reader, study, wrong)
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, "reader")
    assert assign(technologist, study, reader.user.pk).status_code == 403
    study.state = "signed"
    study.save()
    assert assign(reader, study, reader.user.pk).status_code == 409
