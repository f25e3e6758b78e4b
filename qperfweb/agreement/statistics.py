"""Agreement of two ways to measure the same thing. Pure NumPy and SciPy.

The 16 segments of a patient are not independent: wherever several differences belong to one
patient, intervals come from a bootstrap over patients (Field & Welsh 2007) and tests run on one
mean difference per patient. Sources: Bland & Altman 1986, 1999, 2007; Schuirmann 1987 (TOST);
Shrout & Fleiss 1979, McGraw & Wong 1996 (ICC).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]

BOOTSTRAPS = 2000
FEWEST_BOOTSTRAPS = 500
MOST_DRAWN = 10_000_000
"""Beyond this many draws in all, fewer repetitions do: from 5,000 patients on the interval is a few
thousandths wide, and what is left of it to chance far less."""

SEED = 20260101
"""Fixed, so that the same readings always show the same interval."""

NORMAL_95 = 1.959963984540054


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A value with its 95 % confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class BlandAltman:
    """Bias and 95 % limits of agreement of paired measurements, in the unit of the data.

    pairs: differences; patients: clusters they come from.
    """

    pairs: int
    patients: int
    bias: Interval
    lower_limit: Interval
    upper_limit: Interval


@dataclass(frozen=True, kw_only=True)
class PairedTest:
    """Two-sided t-test of no difference, and equivalence within ``margin`` (two one-sided tests).

    Both run on one mean difference per patient. equivalent: p_equivalence < 0.05.
    """

    patients: int
    mean_difference: float
    p_difference: float
    margin: float
    p_equivalence: float

    @property
    def equivalent(self) -> bool:
        return self.p_equivalence < 0.05


class TooFewPairs(ValueError):
    """Agreement needs measurements of at least three patients."""

    def __str__(self) -> str:
        return str(self.__doc__)


@dataclass(frozen=True, kw_only=True)
class Sums:
    """What agreement needs of pairs, one entry a patient: enough for any number of pairs.

    count: pairs. first, second: sums of the values. difference, squares: sums of (second - first)
    and of its square. scatter, scattered: sum over all pairs of the squared relative scatter, and
    how many pairs it comes from (those with a positive mean).
    """

    count: Doubles
    first: Doubles
    second: Doubles
    difference: Doubles
    squares: Doubles
    scatter: float
    scattered: int

    @property
    def means(self) -> Doubles:
        """(patients, 2): ICC needs independent targets, so each gives one pair of means."""
        return np.stack([self.first, self.second], axis=1) / self.count[:, None]


def sums_of(first: ArrayLike, second: ArrayLike, patients: ArrayLike) -> Sums:
    """Of paired values (N,) and whose they are (N,)."""
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    _, codes = np.unique(np.asarray(patients), return_inverse=True)
    if a.shape != b.shape or a.shape != codes.shape:
        raise ValueError("first, second and patients must have the same length")
    means = (a + b) / 2
    usable = means > 0
    return Sums(
        count=np.bincount(codes).astype(np.float64),
        first=np.bincount(codes, weights=a),
        second=np.bincount(codes, weights=b),
        difference=np.bincount(codes, weights=b - a),
        squares=np.bincount(codes, weights=(b - a) ** 2),
        scatter=float(np.sum((a - b)[usable] ** 2 / 2 / means[usable] ** 2)),
        scattered=int(usable.sum()),
    )


def bland_altman(sums: Sums) -> BlandAltman:
    """Bias (second - first) and limits of agreement, clustered by patient.

    The spread is the total one: between patients plus within (Bland & Altman 2007, true value
    varies). With one pair a patient this is the classical analysis of 1986.

    Raises TooFewPairs.
    """
    _require_patients(sums)
    moments = np.stack([sums.count, sums.difference, sums.squares], axis=1)
    estimates = _bias_and_limits(moments.sum(axis=0))
    if np.all(sums.count == 1):
        intervals = _classical_intervals(sums.difference)
    else:
        intervals = np.percentile(_bootstrap(moments), [2.5, 97.5], axis=0).T
    bias, lower, upper = (
        Interval(value=float(value), low=float(low), high=float(high))
        for value, (low, high) in zip(estimates, intervals, strict=True)
    )
    return BlandAltman(
        pairs=int(sums.count.sum()),
        patients=len(sums.count),
        bias=bias,
        lower_limit=lower,
        upper_limit=upper,
    )


def paired_test(sums: Sums, *, margin: float) -> PairedTest:
    """Test second against first: any difference, and equivalence within +-margin (same unit).

    Raises TooFewPairs.
    """
    _require_patients(sums)
    means = sums.difference / sums.count
    mean, count = float(means.mean()), len(means)
    error = float(means.std(ddof=1) / np.sqrt(count))
    if error == 0.0:
        # Every patient differs by exactly the same amount: there is nothing random to test.
        p_difference, p_equivalence = float(mean == 0.0), float(abs(mean) >= margin)
    else:
        p_difference = 2 * _t_below(-abs(mean) / error, count - 1)
        below = _t_below(-(mean + margin) / error, count - 1)
        above = _t_below((mean - margin) / error, count - 1)
        p_equivalence = max(below, above)
    return PairedTest(
        patients=count,
        mean_difference=mean,
        p_difference=p_difference,
        margin=margin,
        p_equivalence=p_equivalence,
    )


def icc_2_1(ratings: ArrayLike) -> Interval:
    """ICC(2,1): two-way random effects, absolute agreement, single rater; 95 % interval.

    ratings: (targets, raters), complete. Source: McGraw & Wong 1996, table 4 and 7.

    Raises TooFewPairs for under three targets.
    """
    values = np.asarray(ratings, dtype=np.float64)
    n, k = values.shape
    if n < 3:
        raise TooFewPairs
    grand = values.mean()
    rows = k * float(((values.mean(axis=1) - grand) ** 2).sum()) / (n - 1)
    columns = n * float(((values.mean(axis=0) - grand) ** 2).sum()) / (k - 1)
    residual = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + grand
    error = float((residual**2).sum()) / ((n - 1) * (k - 1))
    spread = rows + (k - 1) * error + k * (columns - error) / n
    if spread == 0 or error == 0 and columns == 0:
        return Interval(value=1.0, low=1.0, high=1.0)
    icc = (rows - error) / spread
    a = k * icc / (n * (1 - icc))
    b = 1 + k * icc * (n - 1) / (n * (1 - icc))
    scatter = (a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1))
    if scatter == 0:  # equal targets and raters apart by a constant: nothing to put an interval on
        return Interval(value=icc, low=icc, high=icc)
    v = (a * columns + b * error) ** 2 / scatter
    f_low, f_high = _f_at(0.975, n - 1, v), _f_at(0.975, v, n - 1)
    common = k * columns + (k * n - k - n) * error
    low = n * (rows - f_low * error) / (f_low * common + n * rows)
    high = n * (f_high * rows - error) / (common + n * f_high * rows)
    return Interval(value=float(icc), low=float(low), high=float(high))


def coefficient_of_variation(sums: Sums) -> float:
    """Within-subject coefficient of variation of pairs, as a share (root mean square method)."""
    return float(np.sqrt(sums.scatter / sums.scattered)) if sums.scattered else float("nan")


def _require_patients(sums: Sums) -> None:
    if len(sums.count) < 3:
        raise TooFewPairs


def _bootstrap(moments: Doubles) -> Doubles:
    """(repetitions, 3): bias and limits of patients drawn anew."""
    random = np.random.default_rng(SEED)
    patients = len(moments)
    repetitions = max(FEWEST_BOOTSTRAPS, min(BOOTSTRAPS, MOST_DRAWN // patients))
    sums = np.empty((repetitions, moments.shape[1]))
    for repetition in range(repetitions):
        # How often each patient was drawn, times the sums: half the time of adding up the draws.
        drawn = np.bincount(random.integers(patients, size=patients), minlength=patients)
        sums[repetition] = drawn @ moments
    return _bias_and_limits(sums)


def _bias_and_limits(sums: Doubles) -> Doubles:
    """(..., 3): bias, lower and upper limit from summed counts, sums and squares (..., 3)."""
    count, total, squares = sums[..., 0], sums[..., 1], sums[..., 2]
    bias = total / count
    variance = np.maximum(squares - total**2 / count, 0) / np.maximum(count - 1, 1)
    reach = NORMAL_95 * np.sqrt(variance)
    return np.stack([bias, bias - reach, bias + reach], axis=-1)


def _classical_intervals(difference: Doubles) -> Doubles:
    """Confidence intervals (3, 2) of bias and limits, independent pairs (Bland & Altman 1999)."""
    count, deviation = len(difference), float(difference.std(ddof=1))
    t = _t_at(0.975, count - 1)
    at_bias = t * deviation / np.sqrt(count)
    at_limit = t * deviation * np.sqrt(1 / count + NORMAL_95**2 / (2 * (count - 1)))
    moments = np.array([count, difference.sum(), (difference**2).sum()])
    centres = _bias_and_limits(moments)
    reach = np.array([at_bias, at_limit, at_limit])
    return np.stack([centres - reach, centres + reach], axis=1)


# scipy.special alone, and only when asked: with scipy.stats the web server would start a second
# later, for the few who look at agreement.


def _t_below(value: float, freedom: float) -> float:
    """Probability that Student's t is below the value."""
    from scipy.special import stdtr

    return float(stdtr(freedom, value))


def _t_at(probability: float, freedom: float) -> float:
    """The value that Student's t is below with this probability."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, probability))


def _f_at(probability: float, freedom: float, freedom_below: float) -> float:
    """The value that Fisher's F is below with this probability."""
    from scipy.special import fdtri

    return float(fdtri(freedom, freedom_below, probability))
