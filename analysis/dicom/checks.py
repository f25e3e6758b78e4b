"""Cross-checks between the acquisitions of a study: are stress and rest swapped?"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from analysis.dicom.plan import AcquisitionPlan, with_flags
from analysis.quality import Flag

RATE_DOUBT_BPM: Final = 5.0
STRESS_RISE_BPM: Final = 10.0
"""Heart-rate rise that supports stress."""


def cross_checked(plans: list[AcquisitionPlan]) -> tuple[list[AcquisitionPlan], list[Flag]]:
    """Acquisitions with doubts about stress and rest, and the doubts about the study."""
    flags: list[Flag] = []
    named = {c: [p for p in plans if p.condition == c] for c in ("stress", "rest", "unknown")}
    for condition in ("stress", "rest"):
        if len(named[condition]) > 1:
            flags.append(
                Flag(
                    code="condition-twice",
                    message=f"{len(named[condition])} acquisitions are called {condition}; "
                    "check which one counts.",
                )
            )
    if named["stress"] and named["rest"]:
        stress, rest = named["stress"][0], named["rest"][0]
        if stress.heart_rate_bpm and rest.heart_rate_bpm:
            rise = stress.heart_rate_bpm - rest.heart_rate_bpm
            if rise < -RATE_DOUBT_BPM:
                flags.append(
                    Flag(
                        code="conditions-swapped",
                        message=f"The heart beats faster at rest ({rest.heart_rate_bpm:.0f}/min) "
                        f"than at stress ({stress.heart_rate_bpm:.0f}/min): swapped?",
                    )
                )
            elif rise < STRESS_RISE_BPM:
                flags.append(
                    Flag(
                        code="small-heart-rate-rise",
                        message=f"The heart rate rises by {rise:.0f}/min only from rest to stress.",
                        severity="information",
                    )
                )
    if named["unknown"]:
        flags.append(_unknown(named["unknown"]))
    if len(plans) > 1:
        flags.append(_order(plans))
    return [_counted(plans, i) for i in range(len(plans))], flags


def _unknown(unknown: list[AcquisitionPlan]) -> Flag:
    hint = ""
    rated = [p for p in unknown if p.heart_rate_bpm]
    if len(rated) == len(unknown) == 2:
        first, second = rated
        difference = (second.heart_rate_bpm or 0) - (first.heart_rate_bpm or 0)
        if abs(difference) >= STRESS_RISE_BPM:
            later = "later" if difference > 0 else "earlier"
            hint = f" The {later} one beats faster by {abs(difference):.0f}/min: stress?"
    which = _count(len(unknown))
    return Flag(
        code="condition-unknown",
        message=f"Nothing says whether {which} stress or rest; set it by hand.{hint}",
    )


def _count(number: int) -> str:
    return "the acquisition is" if number == 1 else f"the {number} acquisitions are"


def _order(plans: list[AcquisitionPlan]) -> Flag:
    order = ", then ".join(p.condition for p in plans)
    return Flag(
        code="injection-order",
        message=f"Order of the injections: {order}; the later one starts with contrast agent left "
        "from the earlier.",
        severity="information",
    )


def _counted(plans: list[AcquisitionPlan], index: int) -> AcquisitionPlan:
    plan = plans[index]
    if plan.condition != "unknown":
        return plan
    return with_flags(
        replace(plan),
        Flag(
            code="condition-unknown",
            message="It is not known whether this is stress or rest; no reserve is calculated.",
            severity="information",  # the study's flag asks
        ),
    )
