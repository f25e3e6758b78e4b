"""What a project calls a disagreement, and what a reader must reach in training. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from qperfweb.core.errors import Invalid

WHOLE_HEART = 0

Values = Mapping[tuple[str, int], float | None]
"""Values of a reading: ("stress" | "rest" | "mpr", segment 1-16 or WHOLE_HEART) -> value."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """The largest difference between two readings that is left as it is.

    quantity: "mbf" (stress and rest, ml/min/g) or "mpr". scope: "global" or "segment" (any of 16).
    unit: "absolute" or "percent" of the mean of both. most: in that unit.
    """

    quantity: Literal["mbf", "mpr"]
    scope: Literal["global", "segment"]
    unit: Literal["absolute", "percent"]
    most: float

    def __post_init__(self) -> None:
        known = {
            "quantity": ("mbf", "mpr"),
            "scope": ("global", "segment"),
            "unit": ("absolute", "percent"),
        }
        for name, values in known.items():
            if getattr(self, name) not in values:
                raise Invalid(f"A limit's {name} is one of {', '.join(values)}.", field="limits")
        highest = 200 if self.unit == "percent" else 10
        if isinstance(self.most, bool) or not 0 < self.most <= highest:
            raise Invalid(f"A limit lies above 0 and up to {highest}.", field="limits")

    @property
    def words(self) -> str:
        what = {"mbf": "MBF", "mpr": "MPR"}[self.quantity]
        unit = "%" if self.unit == "percent" else ("ml/min/g" if self.quantity == "mbf" else "")
        where = "global" if self.scope == "global" else "any segment"
        return f"{what}, {where}: more than {self.most:g} {unit}".rstrip()


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Two values that lie further apart than a limit allows; None: only one reading has a value."""

    name: str
    segment: int
    low: float | None
    high: float | None
    size: float | None
    limit: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Training:
    """A training study is passed within ``limit`` of its reference; ``share`` of them must be."""

    limit: Limit
    share: float

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise Invalid("The share to be passed lies above 0 and up to 1.", field="training")


def limits_of(entries: Any) -> list[Limit]:
    """Limits out of JSON. Raises Invalid."""
    if not isinstance(entries, list):
        raise Invalid("Limits are a list.", field="limits")
    return [_limit(entry) for entry in entries]


def training_of(entry: Any) -> Training | None:
    """The training rule out of JSON; None for an empty one. Raises Invalid."""
    if not entry:
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("share"), int | float):
        raise Invalid("A training rule needs a limit and a share.", field="training")
    return Training(limit=_limit(entry.get("limit")), share=float(entry["share"]))


def differences(readings: list[Values], limits: list[Limit]) -> list[Difference]:
    """Where readings of one case lie further apart than allowed: the extremes of all of them.

    A value that one reader has and another has not counts as a difference.
    """
    found = []
    for limit in limits:
        names = ("stress", "rest") if limit.quantity == "mbf" else ("mpr",)
        segments = (WHOLE_HEART,) if limit.scope == "global" else range(1, 17)
        for name in names:
            for segment in segments:
                one = _difference(readings, name, segment, limit)
                if one is not None:
                    found.append(one)
    return found


def _difference(readings: list[Values], name: str, segment: int, limit: Limit) -> Difference | None:
    values = [reading.get((name, segment)) for reading in readings]
    there = [value for value in values if value is not None]
    if not there:
        return None
    low, high = min(there), max(there)
    if len(there) < len(values):
        return Difference(
            name=name, segment=segment, low=low, high=None, size=None, limit=limit.words
        )
    size = high - low
    if limit.unit == "percent":
        middle = (high + low) / 2
        size = 100 * size / middle if middle else 0.0
    # A difference of exactly the limit is allowed; the sum of two floats may miss it by a hair.
    if size <= limit.most * (1 + 1e-9):
        return None
    return Difference(name=name, segment=segment, low=low, high=high, size=size, limit=limit.words)


def _limit(entry: Any) -> Limit:
    wanted = {"quantity", "scope", "unit", "most"}
    if not isinstance(entry, dict) or set(entry) != wanted:
        raise Invalid("A limit needs quantity, scope, unit and most.", field="limits")
    if not isinstance(entry["most"], int | float):
        raise Invalid("A limit is a number.", field="limits")
    return Limit(**entry)
