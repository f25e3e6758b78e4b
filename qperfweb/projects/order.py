"""In which order a reader gets the cases of a project, and which of them twice. Pure, repeatable.

Everything follows from SHA-256 over the project's seed, so that any program can check it later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def reading_list(
    seed: int, reader_id: int, cases: Sequence[int], *, repeat_percent: int = 0
) -> list[tuple[int, bool]]:
    """Case numbers in the reader's own order; True marks the second time of a repeated one.

    Repeats are drawn from the first half of the order and come half the list later, so that nearly
    half of all cases lie between both times.
    """
    shuffled = sorted(cases, key=lambda case: _draw(seed, reader_id, "order", case))
    half = len(shuffled) // 2
    wanted = round(len(shuffled) * repeat_percent / 100)
    candidates = shuffled[: max(half, min(1, len(shuffled)))]
    repeated = sorted(candidates, key=lambda case: _draw(seed, reader_id, "repeat", case))
    chosen = set(repeated[: min(wanted, len(candidates))])
    places = [(float(place), case, False) for place, case in enumerate(shuffled)]
    places += [
        (place + half + 0.5, case, True) for place, case in enumerate(shuffled) if case in chosen
    ]
    return [(case, again) for _, case, again in sorted(places)]


def _draw(seed: int, reader_id: int, purpose: str, case: int) -> str:
    return hashlib.sha256(f"{seed}/{reader_id}/{purpose}/{case}".encode()).hexdigest()
