"""Statistics against published examples, closed forms and an independent library."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from qperfweb.agreement import statistics
from qperfweb.agreement.statistics import (
    TooFewPairs,
    bland_altman,
    coefficient_of_variation,
    icc_2_1,
    paired_test,
    sums_of,
)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def test_icc_reproduces_the_example_of_shrout_and_fleiss():
    ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    icc = icc_2_1(ratings)
    assert (icc.value, icc.low, icc.high) == pytest.approx((0.290, 0.019, 0.761), abs=5e-4)


def test_icc_of_equal_ratings_is_one(rng):
    first = rng.normal(2, 0.5, 20)
    assert icc_2_1(np.stack([first, first], axis=1)).value == 1.0


def test_icc_of_equal_targets_and_raters_a_constant_apart_is_none_of_the_spread():
    found = icc_2_1([[1.75, 2.5]] * 4)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_limits_of_independent_pairs_are_those_of_bland_and_altman(rng):
    first = rng.normal(2.0, 0.5, 40)
    second = first + rng.normal(0.05, 0.1, 40)
    found = bland_altman(sums_of(first, second, np.arange(40)))
    difference = second - first
    mean, deviation = difference.mean(), difference.std(ddof=1)
    low, high = stats.t.interval(0.95, 39, loc=mean, scale=deviation / np.sqrt(40))
    assert found.bias.value == pytest.approx(mean)
    assert (found.bias.low, found.bias.high) == pytest.approx((low, high))
    assert found.upper_limit.value == pytest.approx(mean + 1.96 * deviation, rel=1e-4)


def test_clustered_intervals_cover_the_true_bias_where_naive_ones_do_not(rng):
    clustered = naive = 0
    for _ in range(120):
        patient = np.repeat(np.arange(25), 16)
        difference = np.repeat(rng.normal(0, 0.2, 25), 16) + rng.normal(0, 0.05, 400)
        honest = bland_altman(sums_of(np.zeros(400), difference, patient)).bias
        pretending = bland_altman(sums_of(np.zeros(400), difference, np.arange(400))).bias
        clustered += honest.low <= 0 <= honest.high
        naive += pretending.low <= 0 <= pretending.high
    assert clustered >= 0.86 * 120
    assert naive <= 0.6 * 120


def test_the_paired_test_is_scipys_on_one_mean_a_patient(rng):
    first, second = rng.normal(2, 0.4, 30), rng.normal(2.02, 0.4, 30)
    found = paired_test(sums_of(first, second, np.arange(30)), margin=0.2)
    assert found.p_difference == pytest.approx(stats.ttest_rel(second, first).pvalue)
    below = stats.ttest_1samp(second - first, -0.2, alternative="greater").pvalue
    above = stats.ttest_1samp(second - first, 0.2, alternative="less").pvalue
    assert found.p_equivalence == pytest.approx(max(below, above))


@pytest.mark.parametrize(("shift", "equivalent"), [(0.0, True), (0.05, True), (0.1, False)])
def test_equal_differences_in_every_patient_are_judged_by_the_margin(shift, equivalent):
    first = np.full(6, 2.0)
    sums = sums_of(first, first + shift, np.arange(6))
    assert paired_test(sums, margin=0.1).equivalent is equivalent


def test_two_patients_are_too_few():
    with pytest.raises(TooFewPairs):
        bland_altman(sums_of([1, 2, 3], [1, 2, 3], ["a", "a", "b"]))


def test_coefficient_of_variation_of_a_known_scatter(rng):
    first = 2.0 * (1 + rng.normal(0, 0.1, 20000))
    second = 2.0 * (1 + rng.normal(0, 0.1, 20000))
    assert coefficient_of_variation(sums_of(first, second, np.zeros(20000))) == pytest.approx(
        0.1, rel=0.03
    )


def test_the_bootstrap_over_sums_is_the_one_over_the_pairs_themselves(rng):
    difference = rng.normal(0, 0.1, (50, 4))
    sums = sums_of(np.zeros(200), difference.ravel(), np.repeat(np.arange(50), 4))
    random = np.random.default_rng(statistics.SEED)
    drawn = [difference[random.integers(50, size=50)].ravel() for _ in range(statistics.BOOTSTRAPS)]
    bias = np.array([pairs.mean() for pairs in drawn])
    reach = 1.96 * np.array([pairs.std(ddof=1) for pairs in drawn])
    found = bland_altman(sums)
    for interval, values in (
        (found.bias, bias), (found.lower_limit, bias - reach), (found.upper_limit, bias + reach),
    ):  # fmt: skip
        assert (interval.low, interval.high) == pytest.approx(
            tuple(np.percentile(values, [2.5, 97.5])), abs=2e-5
        )
