"""No page without somebody who looks at it for barriers."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from tests.architecture.permission_matrix import rows
from tests.e2e.pages import ADDRESSES, ELSEWHERE, FOR_PROGRAMS, NOT_PAGES

E2E = Path(__file__).resolve().parents[1] / "e2e"


def test_every_page_is_looked_at_for_barriers():
    read = {row.address for row in rows() if row.method == "GET"}
    pages = {address for address in read if not address.startswith(FOR_PROGRAMS)}
    looked_at = [*chain.from_iterable(ADDRESSES.values()), *ELSEWHERE, *NOT_PAGES]
    assert len(looked_at) == len(set(looked_at))
    assert set(looked_at) == pages


def test_the_flows_that_look_at_pages_do_look():
    for name in set(ELSEWHERE.values()):
        assert "violations(" in (E2E / f"{name}.py").read_text("utf-8"), name
