"""A reading whose images were really received, so that exports can refer to them."""

from __future__ import annotations

from typing import Any

import pytest

from qperfweb.reviews.models import Reading
from qperfweb.reviews.services import reading_open
from tests.reports.exports import analysed, images, received


@pytest.fixture
def received_reading(in_site: Any, as_worker: Any, reader: Any, tmp_path: Any) -> Reading:
    study = received(in_site, tmp_path / "exam", images())
    with as_worker():
        analysed(study)
    return reading_open(study, reader)
