"""Which series belong to one injection: by what they are called and when they were acquired."""

from __future__ import annotations

from typing import Final

from analysis.dicom.labels import SeriesInfo
from analysis.domain import Condition

LONGEST_PAUSE_S: Final = 60.0
"""Two injections are minutes apart; the series of one run into each other."""
JOINS_WITHIN_S: Final = 15.0


class Injection:
    """The series of one injection while they are being collected."""

    def __init__(self, condition: Condition, first: SeriesInfo) -> None:
        self.condition: Condition = condition
        self.series = [first]
        self.words: list[str] = []

    @property
    def span(self) -> tuple[float, float] | None:
        spans = [info.span for info in self.series if info.span]
        return (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else None

    def distance(self, info: SeriesInfo) -> float:
        """Seconds between the series and this injection, 0 where they overlap."""
        own, other = self.span, info.span
        if own is None or other is None:
            return 0.0
        return max(0.0, other[0] - own[1], own[0] - other[1])


def partition(series: list[SeriesInfo]) -> list[Injection]:
    """Injections in order of time. A series that names no condition joins what it overlaps."""
    labelled: list[Injection] = []
    unnamed: list[SeriesInfo] = []
    for info in sorted(series, key=lambda i: (i.span or (0.0, 0.0), i.facts.series_number or 0)):
        condition, evidence = condition_of(info)
        info.evidence.append(evidence)
        if condition == "unknown" and info.override.condition is None:
            unnamed.append(info)
        else:
            _join(labelled, info, condition)
    unknown: list[Injection] = []
    for info in unnamed:
        near = [i for i in labelled if i.span and info.span and i.distance(info) <= JOINS_WITHIN_S]
        if len(near) == 1:
            near[0].series.append(info)
            info.evidence.append(f"acquired together with the {near[0].condition} series")
        else:
            _join(unknown, info, "unknown")
    return sorted(labelled + unknown, key=lambda i: i.span or (0.0, 0.0))


def _join(injections: list[Injection], info: SeriesInfo, condition: Condition) -> None:
    for injection in reversed(injections):
        if injection.condition == condition and injection.distance(info) <= LONGEST_PAUSE_S:
            injection.series.append(info)
            return
    injections.append(Injection(condition, info))


def condition_of(info: SeriesInfo) -> tuple[Condition, str]:
    """Stress, rest or unknown of a series, never from order, with the evidence in words."""
    if info.override.condition is not None:
        return info.override.condition, f"condition set by hand: {info.override.condition}"
    said, text = info.condition_by_words()
    if said == "both":
        return "unknown", f"{text!r} names both stress and rest"
    if said == "stress":
        return "stress", f"{text!r} says stress"
    if said == "rest":
        return "rest", f"{text!r} says rest"
    return "unknown", "no text of the series says stress or rest"
