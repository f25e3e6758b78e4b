from __future__ import annotations

import pytest

from tests.projects.examples import a_world


@pytest.fixture
def make_world(in_site, user_of, as_worker):
    """``make_world(studies=..., blinding=...)``: a project in set-up."""
    return lambda **choices: a_world(in_site, user_of, as_worker, **choices)
