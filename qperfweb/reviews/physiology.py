"""Stress adequacy in words, and rest flow at a reference work of the heart.

Criteria support an adequate stress, they never prove it: the reader decides. Rate-pressure
correction stands beside the measured values, never instead of them; without a blood pressure there
is none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from .clinical import DOSE_UNITS, RPP_REFERENCE, agent_words, heart_rate
from .table import GLOBAL, Acquired, value_of_row
from .territories import NAMES as TERRITORIES

RISE_BPM: Final = 10.0
FALL_MMHG: Final = 10.0
REGADENOSON_ORDER: Final = (
    "Rest was imaged after regadenoson: MPR may be understated by 20-36 % (Bhave 2012)."
)


def measured_rates(document: Mapping[str, Any]) -> dict[str, float | None]:
    """Beats per minute by condition, from the times of the images."""
    rates: dict[str, float | None] = {}
    for acquisition in document["acquisitions"]:
        rates.setdefault(acquisition["condition"], acquisition.get("heart_rate_bpm"))
    return rates


def criteria(document: Mapping[str, Any], values: Mapping[str, Any]) -> list[dict[str, str]]:
    """Each criterion: what was found in words, and whether it supports, speaks against or is open.

    Empty for a study without stress.
    """
    rates = measured_rates(document)
    if "stress" not in rates:
        return []
    return [
        _rate(values, rates),
        _pressure(values),
        _symptoms(values),
        _agent(values),
        _caffeine(values),
        *_spleen(values),
    ]


def rest_after_regadenoson(document: Mapping[str, Any], values: Mapping[str, Any]) -> str | None:
    """The warning that applies when rest followed regadenoson stress."""
    started: dict[str, str] = {}
    for acquisition in document["acquisitions"]:
        if acquisition.get("started_at"):
            started.setdefault(acquisition["condition"], str(acquisition["started_at"]))
    late = "stress" in started and started.get("rest", "") > started["stress"]
    return REGADENOSON_ORDER if late and values.get("stress_agent") == "regadenoson" else None


def rate_pressure(
    document: Mapping[str, Any], values: Mapping[str, Any], acquired: list[Acquired]
) -> dict[str, Any]:
    """Rate-pressure products, and corrected rest flow and reserve for every row; or why not.

    rows: {row: {rest, rest_error, mpr, mpr_error}} with rest = measured rest * reference / (heart
    rate * systolic pressure). Errors are those of the measured values, scaled; rate and pressure
    count as exact.
    """
    rates = measured_rates(document)
    products: dict[str, float | None] = {}
    for condition in ("rest", "stress"):
        rate = heart_rate(condition, values, rates)
        systolic = values.get(f"systolic_{condition}")
        products[condition] = rate * systolic if rate and systolic else None
    found: dict[str, Any] = {
        "rest": products["rest"],
        "stress": products["stress"],
        "reference": RPP_REFERENCE,
        "rows": {},
        "reason": None,
    }
    by_condition = {one.condition: one for one in reversed(acquired)}
    rest, stress = by_condition.get("rest"), by_condition.get("stress")
    if rest is None or rest.quantity != "mbf":
        found["reason"] = "There is no flow at rest to correct."
    elif products["rest"] is None:
        found["reason"] = "Not corrected: heart rate and systolic pressure at rest are needed."
    else:
        factor = RPP_REFERENCE / products["rest"]
        for row in [*rest.segments, *TERRITORIES, GLOBAL]:
            corrected = _corrected_row(rest, stress, row, factor)
            if corrected is not None:
                found["rows"][str(row)] = corrected
    return found


def _corrected_row(
    rest: Acquired, stress: Acquired | None, row: int | str, factor: float
) -> dict[str, Any] | None:
    low = value_of_row(rest, row)
    if low is None or low.value is None:
        return None
    high = value_of_row(stress, row) if stress is not None else None
    corrected = low.value * factor
    error = None if low.standard_error is None else low.standard_error * factor
    reserve = reserve_error = None
    if high is not None and high.value is not None and high.quantity == "mbf" and corrected > 0:
        reserve = high.value / corrected
        if error is not None and high.standard_error is not None and high.value > 0:
            relative = math.hypot(high.standard_error / high.value, error / corrected)
            reserve_error = reserve * relative
    return {"rest": corrected, "rest_error": error, "mpr": reserve, "mpr_error": reserve_error}


def _rate(values: Mapping[str, Any], rates: Mapping[str, float | None]) -> dict[str, str]:
    rest, stress = (heart_rate(c, values, rates) for c in ("rest", "stress"))
    if rest is None or stress is None:
        return _open("Heart rate rise: a heart rate is missing.")
    return _found(
        f"Heart rate rise {stress - rest:+.0f}/min ({rest:.0f} to {stress:.0f}; "
        f"at least {RISE_BPM:.0f} supports)",
        stress - rest >= RISE_BPM,
    )


def _pressure(values: Mapping[str, Any]) -> dict[str, str]:
    rest, stress = values.get("systolic_rest"), values.get("systolic_stress")
    if rest is None or stress is None:
        return _open("Systolic fall: a blood pressure is missing.")
    return _found(
        f"Systolic change {stress - rest:+.0f} mmHg ({rest:.0f} to {stress:.0f}; "
        f"a fall of at least {FALL_MMHG:.0f} supports)",
        rest - stress >= FALL_MMHG,
    )


def _symptoms(values: Mapping[str, Any]) -> dict[str, str]:
    symptoms = values.get("symptoms")
    if symptoms is None:
        return _open("Symptoms: not entered.")
    return _found(f"Symptoms: {symptoms.replace('_', ' ')}", symptoms != "none")


def _agent(values: Mapping[str, Any]) -> dict[str, str]:
    agent, dose = values.get("stress_agent"), values.get("stress_dose")
    if agent is None:
        return _open("Stress agent: not entered.")
    if dose is None:
        return _open(f"Stress agent {agent_words(agent)}: dose not entered.")
    return _found(f"{agent_words(agent)} {dose:g} {DOSE_UNITS[agent]}".capitalize(), True)


def _caffeine(values: Mapping[str, Any]) -> dict[str, str]:
    caffeine = values.get("caffeine")
    if caffeine in (None, "unknown"):
        return _open("Caffeine or theophylline before: not known.")
    return _found(f"Caffeine or theophylline before: {caffeine}", caffeine == "no")


def _spleen(values: Mapping[str, Any]) -> list[dict[str, str]]:
    """Adenosine alone empties the spleen; a sign that is weak both ways."""
    if values.get("stress_agent") not in ("adenosine", "atp", None):
        return []
    sign = values.get("splenic_switch_off")
    if sign in (None, "not_assessable"):
        return [_open("Splenic switch-off: not assessed.")]
    return [
        _found(
            f"Splenic switch-off {sign} (present in most even after coffee, absent in about a "
            "quarter of responders)",
            sign == "present",
        )
    ]


def _open(words: str) -> dict[str, str]:
    return {"words": words, "says": "open"}


def _found(words: str, supports: bool) -> dict[str, str]:
    return {"words": words, "says": "supports" if supports else "against"}
