"""docs/conformance.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from pydicom.sr.coding import Code

from analysis.dicom.inspection import IMAGE_CLASSES
from qperfweb.dicom_network.stow import FAILURES, UNABLE
from qperfweb.reports.exports import codes
from qperfweb.reports.exports.common import SERIES_NUMBERS

TEXT = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text("utf-8")


def test_the_received_classes_are_those_that_intake_takes():
    section = TEXT.partition("## SOP classes received")[2].partition("## SOP classes written")[0]
    assert set(re.findall(r"\| ([\d.]+) \|", section)) == set(IMAGE_CLASSES)


def test_every_code_of_our_own_is_listed_with_its_meaning():
    values = [v for v in vars(codes).values() if isinstance(v, Code)]
    tables = [v for v in vars(codes).values() if isinstance(v, dict)]
    values += [one for table in tables for one in table.values() if isinstance(one, Code)]
    own = {(c.meaning, c.value) for c in values if c.scheme_designator == codes.PRIVATE}
    assert set(re.findall(r"\| ([^|]+) \| (\w+) 99QPERF \|", TEXT)) == own


def test_series_numbers_and_failure_reasons_are_listed():
    for number in SERIES_NUMBERS.values():
        assert str(number) in TEXT
    for reason in {*FAILURES.values(), UNABLE}:
        assert f"| {reason:04X} |" in TEXT
