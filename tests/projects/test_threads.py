"""Queries to sites: asked, answered, closed; each step in the trail."""

from __future__ import annotations

import pytest

from qperfweb.core.errors import Conflict, NotAllowed
from qperfweb.core.models import TrailEvent
from qperfweb.projects import locking
from qperfweb.projects.models import Case
from qperfweb.projects.threads import query_open, query_say, steps_for, visible_queries
from tests.projects.examples import read_all


@pytest.fixture
def asked(make_world):
    world = make_world(studies=1)
    world.open()
    case = Case.objects.select_related("project").get()
    query = query_open(case, world.first, subject="Heart rate", text="Which drug was given?")
    return world, query


def test_a_query_goes_to_the_site_and_back_until_it_is_closed(asked, user_of, in_site):
    world, query = asked
    technologist = user_of("technologist", in_site)
    assert list(visible_queries(technologist)) == [query]
    assert steps_for(query, technologist) == ["answer"]
    query = query_say(query, technologist, kind="answer", text="Adenosine.")
    assert steps_for(query, world.first) == ["closing", "reopening"]
    query = query_say(query, world.first, kind="reopening", text="How much?")
    query = query_say(query, technologist, kind="answer", text="140 ug/kg/min.")
    query = query_say(query, world.first, kind="closing", text="")
    assert query.state == "closed"
    assert [m.kind for m in query.messages.all()] == [
        "question", "answer", "reopening", "answer", "closing",
    ]  # fmt: skip
    in_trail = TrailEvent.objects.filter(action__startswith="query.").values_list("action")
    assert len(in_trail) == 5


def test_only_the_site_answers_and_only_the_project_closes(asked, user_of, in_site):
    world, query = asked
    technologist = user_of("technologist", in_site)
    with pytest.raises(NotAllowed):
        query_say(query, world.second, kind="answer", text="I guess")
    with pytest.raises(NotAllowed):
        query_say(query, technologist, kind="closing", text="")
    with pytest.raises(Conflict):
        query_say(query, world.first, kind="reopening", text="not yet answered")


def test_a_project_is_not_locked_over_an_open_query(asked):
    world, query = asked
    read_all(world.project, world.first)
    read_all(world.project, world.second)
    with pytest.raises(Conflict, match="Queries that are not closed: 1"):
        locking.project_lock(world.project, world.manager)
    query_say(query, world.manager, kind="closing", text="settled by telephone")
    locking.project_lock(world.project, world.manager)
