"""Pieces of dangerous work for a child process, of which each costs its own answer at most."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from enum import Enum
from typing import Any

from .child import JsonChild

_AT_ONCE = 64
"""Requests written before their answers are read; more would fill both pipes and block."""


class NoAnswer(Enum):
    """Why there is no answer to a request."""

    TOO_SLOW = "too-slow"
    DIED = "died"


class LineChild:
    """A JsonChild that is asked many things at once; safe to share between threads."""

    def __init__(self, module: str, *, seconds_per_request: float) -> None:
        self._seconds = seconds_per_request
        self._lock = threading.Lock()
        self._child = JsonChild(module)

    def answers(self, requests: Sequence[dict[str, Any]]) -> list[dict[str, Any] | NoAnswer]:
        """The child's answer to each request, in order."""
        answers: list[dict[str, Any] | NoAnswer] = []
        with self._lock:
            while len(answers) < len(requests):
                waiting = requests[len(answers) :][:_AT_ONCE]
                try:
                    self._child.send(waiting)
                    for _ in waiting:
                        answers.append(self._child.receive(self._seconds))
                except TimeoutError:
                    self._child.stop()
                    answers.append(NoAnswer.TOO_SLOW)
                except (OSError, EOFError, ValueError):
                    # The child died of the request that it did not answer.
                    self._child.stop()
                    answers.append(NoAnswer.DIED)
        return answers

    def close(self) -> None:
        with self._lock:
            self._child.stop()
