"""Ask a child process what files are, so that hostile bytes cannot take the server down.

One child per process that asks (core/line_child.py).
"""

from __future__ import annotations

import atexit
from collections.abc import Sequence
from typing import Any

from analysis.dicom import HeaderFacts, Refusal
from analysis.dicom.refusals import refusal
from qperfweb.core.line_child import LineChild, NoAnswer

from .storage import StoredObject

SECONDS_PER_OBJECT = 20.0

_REFUSED = {NoAnswer.TOO_SLOW: "too-slow", NoAnswer.DIED: "damaged"}


class Inspector(LineChild):
    """A child running ``analysis.dicom.inspector``; safe to share between threads."""

    def __init__(self, *, seconds_per_object: float = SECONDS_PER_OBJECT) -> None:
        super().__init__("analysis.dicom.inspector", seconds_per_request=seconds_per_object)

    def ask(self, staged: Sequence[tuple[str, StoredObject]]) -> list[HeaderFacts | Refusal]:
        """Facts or refusal of each file, in order. Each is (name as the sender knows it, file)."""
        requests = [{"path": str(file.path), "size": file.size_bytes} for _, file in staged]
        return [
            _understood(name, answer)
            for (name, _), answer in zip(staged, self.answers(requests), strict=True)
        ]


def _understood(name: str, answer: dict[str, Any] | NoAnswer) -> HeaderFacts | Refusal:
    if isinstance(answer, NoAnswer):
        return refusal(name, _REFUSED[answer])
    if "facts" in answer:
        return HeaderFacts.from_json(answer["facts"])
    return refusal(name, answer["refused"], answer["detail"])


_shared = Inspector()
atexit.register(_shared.close)


def inspect_staged(staged: Sequence[tuple[str, StoredObject]]) -> list[HeaderFacts | Refusal]:
    """Ask the inspector of this process."""
    return _shared.ask(staged)
