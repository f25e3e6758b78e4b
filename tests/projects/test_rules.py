"""Limits, differences and reading lists: pure values with known answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qperfweb.core.errors import Invalid
from qperfweb.projects.order import reading_list
from qperfweb.projects.rules import Limit, differences, limits_of, training_of

ABSOLUTE = Limit(quantity="mbf", scope="global", unit="absolute", most=0.2)
PERCENT = Limit(quantity="mbf", scope="segment", unit="percent", most=10)
MPR = Limit(quantity="mpr", scope="global", unit="absolute", most=0.5)


def test_a_difference_of_exactly_the_limit_is_allowed_and_more_is_not():
    first = {("stress", 0): 2.0, ("rest", 0): 0.8}
    assert differences([first, {("stress", 0): 2.2, ("rest", 0): 0.8}], [ABSOLUTE]) == []
    (found,) = differences([first, {("stress", 0): 2.21, ("rest", 0): 0.8}], [ABSOLUTE])
    assert (found.name, found.segment, found.low, found.high) == ("stress", 0, 2.0, 2.21)
    assert found.size == pytest.approx(0.21)


def test_percent_is_of_the_mean_of_both_and_any_segment_counts():
    first = {("stress", n): 2.0 for n in range(1, 17)}
    second = first | {("stress", 7): 1.8}
    (found,) = differences([first, second], [PERCENT])
    assert found.segment == 7
    assert found.size == pytest.approx(100 * 0.2 / 1.9)


def test_a_value_that_only_one_reader_has_is_a_difference():
    (found,) = differences([{("mpr", 0): 2.5}, {("mpr", 0): None}], [MPR])
    assert (found.low, found.high, found.size) == (2.5, None, None)


def test_three_readers_are_compared_by_their_extremes():
    values = [{("mpr", 0): 2.0}, {("mpr", 0): 2.3}, {("mpr", 0): 2.6}]
    (found,) = differences(values, [MPR])
    assert (found.low, found.high) == (2.0, 2.6)


@pytest.mark.parametrize(
    "entries",
    [
        "none",
        [{"quantity": "mbf"}],
        [{"quantity": "flow", "scope": "global", "unit": "absolute", "most": 1}],
        [{"quantity": "mbf", "scope": "global", "unit": "absolute", "most": 0}],
        [{"quantity": "mbf", "scope": "global", "unit": "absolute", "most": "0.2"}],
    ],
)
def test_a_senseless_limit_is_refused(entries):
    with pytest.raises(Invalid):
        limits_of(entries)


def test_a_training_rule_needs_a_share_that_can_be_reached():
    limit = {"quantity": "mbf", "scope": "global", "unit": "percent", "most": 15}
    assert training_of({"limit": limit, "share": 0.8}).share == 0.8
    assert training_of({}) is None
    with pytest.raises(Invalid):
        training_of({"limit": limit, "share": 1.2})


@given(
    seed=st.integers(0, 2**31), reader=st.integers(1, 99), cases=st.integers(1, 40),
    percent=st.integers(0, 50),
)  # fmt: skip
def test_every_case_comes_once_and_a_repeat_half_the_list_later(seed, reader, cases, percent):
    order = reading_list(seed, reader, range(1, cases + 1), repeat_percent=percent)
    firsts = [case for case, again in order if not again]
    repeats = [case for case, again in order if again]
    assert sorted(firsts) == list(range(1, cases + 1))
    assert len(set(repeats)) == len(repeats)
    for case in repeats:
        assert order.index((case, True)) - order.index((case, False)) > cases // 2 - 1
    assert order == reading_list(seed, reader, range(1, cases + 1), repeat_percent=percent)


def test_readers_get_different_orders_that_stay_the_same_for_ever():
    assert [case for case, _ in reading_list(7, 1, range(1, 9))] == [5, 3, 6, 1, 2, 8, 7, 4]
    assert reading_list(7, 2, range(1, 9)) != reading_list(7, 1, range(1, 9))
    assert sum(again for _, again in reading_list(7, 1, range(1, 11), repeat_percent=20)) == 2
