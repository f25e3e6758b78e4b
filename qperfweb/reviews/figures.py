"""Global flow and reserves of a reading as rows, so that readings can be compared and exported."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.constants import SEGMENT_NAMES

from .content import Content
from .models import Reading, ReadingFigure
from .queries import values_of
from .ratios import ratio_of_row
from .table import GLOBAL, Acquired, SegmentValue, value_of_row

WHOLE_HEART = 0
"""``ReadingFigure.segment`` of a global value."""


def figures_of(reading: Reading, content: Content) -> list[ReadingFigure]:
    """Rows, not yet saved: what ``content`` makes of the reading's run. Flow only, no upslopes."""
    by_condition: dict[str, Acquired] = {}
    for one in values_of(reading.run, content):
        if one.quantity == "mbf":
            by_condition.setdefault(one.condition, one)
    return [
        ReadingFigure(
            site_id=reading.site_id,
            reading=reading,
            name=name,
            segment=segment,
            automated_value=automated,
            final_value=final,
            source=source,
        )
        for name, segment, automated, final, source in _figures(reading, by_condition)
    ]


_Figure = tuple[str, int, float | None, float | None, str]


def _figures(reading: Reading, acquired: dict[str, Acquired]) -> Iterator[_Figure]:
    for condition in ("stress", "rest"):
        if condition not in acquired:
            continue
        whole = value_of_row(acquired[condition], GLOBAL)
        if whole is not None:
            yield condition, WHOLE_HEART, whole.automated_value, whole.value, whole.source
    rows: tuple[int | str, ...] = (*SEGMENT_NAMES, GLOBAL)
    for row in rows:
        ratio = ratio_of_row(reading.run.document or {}, list(acquired.values()), row)
        if ratio is None:
            continue
        parts = [value_of_row(acquired[c], row) for c in ("stress", "rest")]
        number = row if isinstance(row, int) else WHOLE_HEART
        yield "mpr", number, ratio.automated_value, ratio.value, _source(parts)


def _source(parts: list[SegmentValue | None]) -> str:
    """The strongest intervention in what a figure is made of."""
    found = {part.source for part in parts if part is not None}
    return next((s for s in ("excluded", "typed", "contour") if s in found), "automated")
