"""Reserve and reserve index: when a ratio means something."""

from __future__ import annotations

import pytest

from qperfweb.reviews.content import empty_content
from qperfweb.reviews.ratios import ratio_of_row
from qperfweb.reviews.table import read_values
from tests.runs.examples import a_result


def relative_result(upslopes):
    """A single-sequence result: relative upslopes, no flow."""
    _, document = a_result()
    for acquisition in document["acquisitions"]:
        acquisition["quantity"] = "relative_upslope"
        for piece in acquisition["slices"]:
            for segment in piece["segments"]:
                segment["mbf_ml_per_min_per_g"] = None
                segment["upslope"] = upslopes[acquisition["condition"]]
    return document


def row(segment, **facts):
    return {"segment": segment, "mismatch": None, "plane_mismatch": None, **facts}


def ratio(document, segment=4):
    return ratio_of_row(document, read_values(document, {}, empty_content()), segment)


def test_relative_upslopes_give_an_index_where_the_planes_match():
    document = relative_result({"stress": 0.3, "rest": 0.2})
    document["mpr"] = [row(4, mismatch="a single sequence gives no absolute flow")]
    found = ratio(document)
    assert found.value == pytest.approx(1.5)
    assert found.standard_error is None


def test_planes_that_do_not_match_give_neither_reserve_nor_index():
    reason = "the slice planes are 9 mm apart"
    document = relative_result({"stress": 0.3, "rest": 0.2})
    document["mpr"] = [row(4, mismatch=reason, plane_mismatch=reason)]
    assert (ratio(document).value, ratio(document).reason) == (None, reason)
    _, flow = a_result()
    flow["mpr"] = [row(4, mismatch=reason, plane_mismatch=reason)]
    assert (ratio(flow).value, ratio(flow).reason) == (None, reason)


def test_a_reserve_is_the_ratio_of_means():
    _, document = a_result()
    assert ratio(document, "GLOBAL").value == pytest.approx(3.0)
    assert ratio(document, "LAD").value == pytest.approx(3.0)
