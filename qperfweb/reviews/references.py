"""Published values of healthy people, and whether this study was made the way theirs were.

A range is shown with its source, and only where the protocol matches; otherwise the reason is shown
in its place. No colour and no word "low" follows from it: the reader judges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .clinical import agent_words


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Mean and standard deviation of a global value in healthy people.

    needs_agent: the stress agents that it holds for; empty for values at rest.
    """

    name: str
    condition: str
    mean: float
    sd: float
    unit: str
    source: str
    needs_agent: tuple[str, ...] = ()


_FLOW: Final = "ml/min/g"
_ADENOSINE: Final = ("adenosine", "atp")
_BROWN: Final = "Brown 2018"
_XUE: Final = "Xue 2020b"
_LEICESTER: Final = "Leicester, n = 151"
_NORMAL_VALUES: Final = "normal values study, n = 138"

REFERENCES: Final = (
    Reference(name="MBF", condition="stress", mean=2.82, sd=0.47, unit=_FLOW, source=_XUE,
              needs_agent=_ADENOSINE),
    Reference(name="MBF", condition="stress", mean=2.89, sd=0.56, unit=_FLOW, source=_BROWN,
              needs_agent=_ADENOSINE),
    Reference(name="MBF", condition="stress", mean=2.24, sd=0.53, unit=_FLOW, source=_LEICESTER,
              needs_agent=_ADENOSINE),
    Reference(name="MBF", condition="rest", mean=0.68, sd=0.16, unit=_FLOW, source=_XUE),
    Reference(name="MBF", condition="rest", mean=0.65, sd=0.13, unit=_FLOW, source=_BROWN),
    Reference(name="MBF", condition="rest", mean=0.62, sd=0.13, unit=_FLOW, source=_LEICESTER),
    Reference(name="MPR", condition="mpr", mean=3.74, sd=1.00, unit="", source=_LEICESTER,
              needs_agent=_ADENOSINE),
)  # fmt: skip

NORMAL_ENDO_EPI_STRESS: Final = Reference(
    name="endo/epi ratio",
    condition="stress",
    mean=0.98,
    sd=0.09,
    unit="",
    source=_NORMAL_VALUES,
    needs_agent=_ADENOSINE,
)

SEQUENCE: Final = "dual"
MODEL: Final = "btex"
"""All of these were measured with dual-sequence imaging and the BTEX model."""


def references_of(document: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
    """``ranges`` that hold for this study, and ``reasons`` why others do not, each once."""
    ranges, reasons = [], []
    there = {a["condition"] for a in document["acquisitions"]}
    for reference in REFERENCES:
        needed = {"stress", "rest"} if reference.condition == "mpr" else {reference.condition}
        if not needed <= there:
            continue
        why = matched(reference, document, content)
        if why is None:
            ranges.append(
                {
                    "name": reference.name,
                    "condition": reference.condition,
                    "mean": reference.mean,
                    "sd": reference.sd,
                    "unit": reference.unit,
                    "source": reference.source,
                }
            )
        elif why not in reasons:
            reasons.append(why)
    return {"ranges": ranges, "reasons": reasons}


def matched(
    reference: Reference, document: Mapping[str, Any], content: Mapping[str, Any]
) -> str | None:
    """None when the protocol matches, else the reason in one sentence."""
    for acquisition in document["acquisitions"]:
        if reference.condition not in (acquisition["condition"], "mpr"):
            continue
        if acquisition["sequence"] != SEQUENCE or acquisition["quantity"] != "mbf":
            return "No reference range: the published ones are for dual-sequence flow."
        if acquisition["model"] != MODEL:
            return (
                f"No reference range: the published ones are for the model {MODEL.upper()}, "
                f"this result used {acquisition['model']}."
            )
    if reference.needs_agent:
        agent = content["clinical"].get("stress_agent")
        if agent is None:
            return "No reference range at stress: the stress agent is not entered."
        if agent not in reference.needs_agent:
            return (
                f"No reference range at stress: the published ones are for adenosine, not "
                f"{agent_words(agent)}."
            )
    return None
