"""Ask a child process what files are, so that hostile bytes cannot take the server down.

One child per process that asks, started on first use, restarted when it dies or is too slow.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Sequence
from typing import Any

from analysis.dicom import HeaderFacts, Refusal
from analysis.dicom.refusals import refusal
from qperfweb.core.child import JsonChild

from .storage import StoredObject

SECONDS_PER_OBJECT = 20.0


class Inspector:
    """A child running ``analysis.dicom.inspector``; safe to share between threads."""

    def __init__(self, *, seconds_per_object: float = SECONDS_PER_OBJECT) -> None:
        self._seconds = seconds_per_object
        self._lock = threading.Lock()
        self._child = JsonChild("analysis.dicom.inspector")

    def ask(self, staged: Sequence[tuple[str, StoredObject]]) -> list[HeaderFacts | Refusal]:
        """Facts or refusal of each file, in order. Each is (name as the sender knows it, file)."""
        answers: list[HeaderFacts | Refusal] = []
        with self._lock:
            while len(answers) < len(staged):
                waiting = staged[len(answers) :]
                try:
                    self._child.send(
                        {"path": str(f.path), "size": f.size_bytes} for _, f in waiting
                    )
                    for name, _ in waiting:
                        answers.append(_understood(name, self._child.receive(self._seconds)))
                except TimeoutError:
                    self._child.stop()
                    answers.append(refusal(staged[len(answers)][0], "too-slow"))
                except (OSError, EOFError, ValueError):
                    # The child died of the file that it did not answer for.
                    self._child.stop()
                    answers.append(refusal(staged[len(answers)][0], "damaged"))
        return answers

    def close(self) -> None:
        with self._lock:
            self._child.stop()


def _understood(name: str, answer: dict[str, Any]) -> HeaderFacts | Refusal:
    if "facts" in answer:
        return HeaderFacts.from_json(answer["facts"])
    return refusal(name, answer["refused"], answer["detail"])


_shared = Inspector()
atexit.register(_shared.close)


def inspect_staged(staged: Sequence[tuple[str, StoredObject]]) -> list[HeaderFacts | Refusal]:
    """Ask the inspector of this process."""
    return _shared.ask(staged)
