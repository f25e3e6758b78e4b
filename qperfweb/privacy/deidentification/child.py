"""Ask a child process to de-identify files: strangers' bytes are not parsed by the server."""

from __future__ import annotations

import atexit
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qperfweb.core.line_child import LineChild, NoAnswer

from .engine import Person

SECONDS_PER_OBJECT = 60.0

_WORDS = {
    NoAnswer.TOO_SLOW: "cleaning it took too long and was stopped",
    NoAnswer.DIED: "it is damaged and cannot be cleaned",
}

_child = LineChild("qperfweb.privacy.deidentification", seconds_per_request=SECONDS_PER_OBJECT)
atexit.register(_child.close)


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """What became of one file: ``path`` holds it without identity, or ``left_out`` says why not.

    inside: series and object as a path, for whoever lays the cleaned objects out in folders.
    """

    path: Path | None
    inside: str = ""
    left_out: str = ""


def clean_files(
    files: Sequence[tuple[Path, Person]],
    target: Path,
    *,
    keep: Sequence[str],
    with_pictures: bool = False,
) -> list[Cleaned]:
    """Files without identity, numbered, in the folder ``target``; the answers are in order."""
    targets = [target / f"{number:06d}.dcm" for number in range(1, len(files) + 1)]
    requests = [
        {
            "path": str(path),
            "target": str(place),
            "name": person.name,
            "shift_days": person.shift_days,
            "key": person.key.hex(),
            "known": person.known,
            "keep": list(keep),
            "with_pictures": with_pictures,
        }
        for (path, person), place in zip(files, targets, strict=True)
    ]
    answers = _child.answers(requests)
    return [_cleaned(place, answer) for place, answer in zip(targets, answers, strict=True)]


def _cleaned(target: Path, answer: dict[str, Any] | NoAnswer) -> Cleaned:
    if isinstance(answer, NoAnswer):
        return Cleaned(path=None, left_out=_WORDS[answer])
    if answer["left_out"]:
        return Cleaned(path=None, left_out=answer["left_out"])
    return Cleaned(path=target, inside=answer["inside"])
