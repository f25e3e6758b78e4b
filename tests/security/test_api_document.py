"""Whatever is sent to the API, it answers as its OpenAPI document says, and never with a 5xx.

The short form; the long one is ``FUZZ_EXAMPLES=200 ./run python -m pytest tests/security``, and
``FUZZ_PART=2/6`` its second sixth.
"""

from __future__ import annotations

import itertools
import os
import warnings
from datetime import timedelta

import pytest
from django.core import signals
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings

from qperfweb.accounts.tokens import create_token
from tests.runs.examples import a_finished_run, a_study

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the packages that it imports
    import schemathesis
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

pytestmark = [
    pytest.mark.django_db,
    # Of Werkzeug, jsonschema and others on the way; ours are errors in every other test.
    # Of schemathesis itself; not of our code.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "4"))
PART, PARTS = (int(number) for number in os.environ.get("FUZZ_PART", "1/1").split("/"))
CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture
def token(user_of, in_site):
    """Whoever may do the most with the API: a reader, through a token for everything."""
    reader = user_of("reader", in_site)
    lasting = timedelta(days=1)
    return create_token(reader, in_site, scope="all", name="fuzz", valid_for=lasting)


@pytest.fixture
def operations(token, in_site, as_worker):
    from django.core.wsgi import get_wsgi_application

    study = a_study(in_site)
    with as_worker():
        run = a_finished_run(study)
    document = Client().get(
        "/api/schema/?format=json", headers={"Authorization": f"Bearer {token}"}
    )
    schema = schemathesis.openapi.from_dict(document.json())
    schema.app = get_wsgi_application()
    known = {"study_id": study.pk, "run_id": run.pk, "series_id": study.series.get().pk}
    # The web server's handler closes connections around requests; this test has only one. Django's
    # test client connects them again, so this comes after it.
    for moment in (signals.request_started, signals.request_finished):
        moment.disconnect(close_old_connections)
    yield [result.ok() for result in schema.get_all_operations()], known
    for moment in (signals.request_started, signals.request_finished):
        moment.connect(close_old_connections)


def test_no_request_makes_a_5xx_or_breaks_the_document(operations, token):
    found, known = operations
    assert len(found) > 25
    broken: list[str] = []
    turn = itertools.count()
    for operation in found[PART - 1 :: PARTS]:

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def send(case):
            # Every other one at records that are there: an unknown one is refused at once.
            if next(turn) % 2:
                there = known.keys() & (case.path_parameters or {}).keys()
                case.path_parameters |= {name: known[name] for name in there}
            answer = case.call(headers={"Authorization": f"Bearer {token}"})
            case.validate_response(answer, checks=CHECKS)

        try:
            send()
        except BaseExceptionGroup as failure:  # every breach is wanted in one report
            told = [str(one) for one in failure.exceptions]
            broken.append(f"{operation.label}: {' | '.join(told)[:600]}")
    assert broken == []
