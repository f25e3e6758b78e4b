"""Doubts about an arterial input function, each in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from analysis.curves import BolusFeatures, bolus_features
from analysis.domain import Bools, Doubles, Floats
from analysis.quality import Flag

PLAUSIBLE_PEAK_MMOL_PER_L: Final = (1.5, 10.0)
"""Means 3.5 to 5.2, SD 1.2 to 1.5 (Kellman 2017, Xue 2020b): three SD around them."""
RESIDUAL_CONTRAST_MMOL_PER_L: Final = 0.3
FIXED_PIXEL_TOLERANCE: Final = 0.05
FEWEST_POOL_PIXELS: Final = 21
"""With fewer, the height of simulated input functions was off by 5 % and more (root mean square),
with more by 2-3 % (docs/validation/end_to_end.md)."""
_DOUBTFUL_POOL_PIXELS: Final = (14, 24)
_DOUBTFUL_HEIGHT: Final = (0.1, 0.0)
FEWEST_USABLE_PIXELS: Final = 6
"""No pixel of a smaller pool is free of the wall around it; three pixels read a third of the truth
in a simulated exam (509), which made its flow five times too high."""
_SECOND_BOLUS_FRACTION: Final = 0.5
_MISSED_BEAT: Final = 1.6
_SHORTEST_BASELINE_FRAMES: Final = 2
_ECHO_FRAMES: Final = 6
_ECHO_NOISE: Final = 0.02

NO_BOLUS: Final = Flag(
    code="aif-no-bolus",
    message="No bolus reaches the left ventricle: the injection failed or came too late.",
    severity="invalid",
)


def curve_checks(curve: Doubles, time_s: Doubles, bolus: BolusFeatures) -> Iterator[Flag]:
    """Doubts that the shape of a blood curve (T,) raises, whatever its unit."""
    if bolus.foot_index + 1 < _SHORTEST_BASELINE_FRAMES:
        yield Flag(
            code="aif-no-baseline",
            message="The bolus arrives with the first frames; the baseline is not known.",
        )
    if not bolus.valley_found:
        yield Flag(
            code="aif-truncated",
            message="The series ends before the first pass of the bolus is over.",
        )
    if _second_bolus(curve, time_s, bolus):
        yield Flag(
            code="aif-double-bolus",
            message="A second bolus follows the first one: the injection was split or repeated.",
        )
    if _missed_beat_at_peak(time_s, bolus):
        yield Flag(
            code="aif-missed-beat",
            message="A heartbeat is missing at the peak of the input function; "
            "its height, and with it all flow, is uncertain.",
        )


def concentration_checks(
    fixed: Doubles, quartile: Doubles, baseline: float, bolus: BolusFeatures
) -> Iterator[Flag]:
    """Doubts about concentrations (mmol/L): fixed-pixel and quartile curves, absolute baseline."""
    low, high = PLAUSIBLE_PEAK_MMOL_PER_L
    if not low <= bolus.peak_height <= high:
        yield Flag(
            code="aif-peak-implausible",
            message=f"The input function peaks at {bolus.peak_height:.1f} mmol/L, outside the "
            f"usual {low:g} to {high:g} mmol/L.",
        )
    if baseline > RESIDUAL_CONTRAST_MMOL_PER_L:
        yield Flag(
            code="residual-contrast",
            message=f"Blood holds {baseline:.2f} mmol/L of contrast agent before the bolus, "
            "left from an earlier injection.",
        )
    window = slice(bolus.foot_index, bolus.valley_index + 1)
    area, other = float(quartile[window].sum()), float(fixed[window].sum())
    if abs(area - other) > FIXED_PIXEL_TOLERANCE * abs(area):
        yield Flag(
            code="aif-pixel-choice",
            message="The brightest pixels and a fixed set of pixels differ by "
            f"{100 * abs(area - other) / abs(area):.0f} % in the first pass: "
            "noise, motion or partial volume.",
        )


def pool_size_check(pool: Bools) -> Iterator[Flag]:
    """Whether the cavity is so small on the coarse images that every pixel is mixed with wall."""
    pixels = int(pool.sum())
    if pixels < FEWEST_POOL_PIXELS:
        yield Flag(
            code="aif-small-cavity",
            message=f"The cavity covers only {pixels} pixels of the input function images; the "
            "input may be measured too low and all flow too high.",
        )


def height_error(pool: Bools) -> float:
    """Share of the curve's height that mixed pixels leave uncertain in a small cavity (H, W).

    One standard error beside what every input function has: a tenth up to 14 pixels, nothing from
    24 on, as the heights of simulated input functions scatter around the true ones.
    """
    return float(np.interp(int(pool.sum()), _DOUBTFUL_POOL_PIXELS, _DOUBTFUL_HEIGHT))


def unresolved_pool(pool: Bools) -> tuple[Flag, ...]:
    """A refusal where the images do not resolve the cavity, so that no flow is shown."""
    pixels = int(pool.sum())
    if not 0 < pixels < FEWEST_USABLE_PIXELS:
        return ()
    return (
        Flag(
            code="aif-cavity-unresolved",
            message=f"The left ventricle was found on only {pixels} pixels of the input function "
            "images, too few to measure blood; draw its cavity there to measure flow all the same.",
            severity="invalid",
        ),
    )


def order_check(lv: BolusFeatures, rv: Doubles, time_s: Doubles) -> Iterator[Flag]:
    """A doubt where the right ventricle (curve (T,)) does not fill before the left one."""
    bolus = bolus_features(rv, time_s)
    if bolus is not None and bolus.peak_s < lv.peak_s:
        return
    yield Flag(
        code="aif-ventricle-order",
        message="The right ventricle does not fill before the left one; "
        "the two may have been confused.",
    )


def echo_check(first: Floats, second: Floats) -> Iterator[Flag]:
    """A doubt where blood full of contrast agent is brighter in its later echo (both (T,)).

    Contrast agent shortens T2*, so the later echo is the darker one: by 4 % at least in simulated
    exams, on the mean of the brightest frames.
    """
    brightest = np.argsort(first)[-_ECHO_FRAMES:]
    if first[brightest].sum() < (1 - _ECHO_NOISE) * second[brightest].sum():
        yield Flag(
            code="aif-echoes-swapped",
            message="The input function's later echo is brighter than the earlier one, which "
            "contrast agent in blood never makes: are the echo times (EchoTime) swapped?",
            severity="invalid",
        )


def saturation_check(pool_signal: Doubles) -> Iterator[Flag]:
    """A doubt where the brightest signal (T,) of a pool stands still at its maximum.

    Digital or receiver saturation clips: several frames hold exactly the same largest value.
    """
    clipped = np.count_nonzero(pool_signal >= pool_signal.max() * (1 - 1e-6))
    if clipped >= 3 and pool_signal.max() > pool_signal.min():
        yield Flag(
            code="aif-saturated",
            message="The signal of the left ventricle is clipped at the peak of the bolus.",
        )


def _second_bolus(curve: Doubles, time_s: Doubles, bolus: BolusFeatures) -> bool:
    """Recirculation returns with a quarter of the height at most; more is a second injection."""
    if not bolus.valley_found:
        return False
    after = curve[bolus.valley_index :] - curve[bolus.valley_index]
    return bool(after.max() > _SECOND_BOLUS_FRACTION * bolus.peak_height)


def _missed_beat_at_peak(time_s: Doubles, bolus: BolusFeatures) -> bool:
    steps = np.diff(time_s)
    if steps.size == 0:
        return False
    around = steps[max(0, bolus.peak_index - 2) : bolus.peak_index + 2]
    return bool((around > _MISSED_BEAT * np.median(steps)).any())
