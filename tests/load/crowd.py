"""Readers who click through studies while scanners send: how long pages take, and what is lost.

Each reader is a thread with one kept connection and thinks between clicks; each scanner sends its
exams over STOW-RS as fast as it is answered. Every answer is read whole.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

BOUNDARY = "crowd"
PATIENCE_S = 120.0
"""How long a reader waits for a first study to appear, beyond the time that everybody has."""
Exam = Sequence[tuple[str, bytes]]


@dataclass
class Result:
    """times_ms by kind of request; errors in words; sent: acknowledged SOP Instance UIDs."""

    times_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)
    sent: set[str] = field(default_factory=set)
    seconds: float = 0.0

    def percentile(self, share: float, *kinds: str) -> float:
        """Of the times of these kinds of request, of all where none is named; ms."""
        chosen = kinds or tuple(self.times_ms)
        times = sorted(t for kind in chosen for t in self.times_ms.get(kind, ()))
        return times[min(len(times) - 1, int(share * len(times)))] if times else float("nan")

    def table(self) -> str:
        lines = [
            "| request | number | median, ms | p95, ms | slowest, ms |",
            "|---|---|---|---|---|",
        ]
        for kind, times in sorted(self.times_ms.items()):
            lines.append(
                f"| {kind} | {len(times)} | {self.percentile(0.5, kind):.0f} | "
                f"{self.percentile(0.95, kind):.0f} | {max(times):.0f} |"
            )
        return "\n".join(lines)


@dataclass(kw_only=True)
class Crowd:
    """Who comes: the address (host, port), tokens, and what the scanners bring."""

    host: str
    port: int
    reader_token: str
    sender_token: str
    exams: Sequence[Exam]
    readers: int
    scanners: int
    seconds: float
    think_s: tuple[float, float] = (0.5, 2.0)
    result: Result = field(default_factory=Result)

    def run(self) -> Result:
        begun = time.monotonic()
        self._until = begun + self.seconds
        self._lock = threading.Lock()
        threads = [
            threading.Thread(target=self._read, args=(random.Random(number),))
            for number in range(self.readers)
        ]
        for number in range(self.scanners):
            mine = self.exams[number :: self.scanners]
            threads.append(threading.Thread(target=self._send, args=(mine,)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.result.seconds = time.monotonic() - begun
        return self.result

    def _read(self, chance: random.Random) -> None:
        with _Line(self, self.reader_token) as line:
            time.sleep(chance.uniform(0, self.think_s[1]))
            seen = False
            # Everybody opens a study at least once, even where the machine is slow.
            while time.monotonic() < self._until + (0 if seen else PATIENCE_S):
                line.ask("worklist page", "GET", "/")
                found = line.ask("worklist", "POST", "/api/studies/", {"page": 1})
                rows = found.get("results", []) if isinstance(found, dict) else []
                if rows:
                    seen = True
                    study = chance.choice(rows)["id"]
                    line.ask("study page", "GET", f"/studies/{study}/")
                    line.ask("study", "GET", f"/api/studies/{study}/")
                    line.ask("series", "GET", f"/api/studies/{study}/series/")
                    line.ask("runs", "GET", f"/api/studies/{study}/runs/")
                time.sleep(chance.uniform(*self.think_s))

    def _send(self, exams: Sequence[Exam]) -> None:
        with _Line(self, self.sender_token) as line:
            for exam in exams:
                for start in range(0, len(exam), 8):
                    chunk = exam[start : start + 8]
                    told = line.ask("eight objects", "STOW", "/dicom-web/studies", chunk)
                    if isinstance(told, dict) and len(
                        told.get("00081199", {}).get("Value", [])
                    ) == len(chunk):
                        with self._lock:
                            self.result.sent.update(uid for uid, _ in chunk)

    def note(self, kind: str, milliseconds: float, problem: str) -> None:
        with self._lock:
            self.result.times_ms[kind].append(milliseconds)
            if problem:
                self.result.errors.append(f"{kind}: {problem}")


class _Line:
    """One kept connection."""

    def __init__(self, crowd: Crowd, token: str) -> None:
        self._crowd, self._token = crowd, token
        self._connection = http.client.HTTPConnection(crowd.host, crowd.port, timeout=60)

    def __enter__(self) -> _Line:
        return self

    def __exit__(self, *reason: object) -> None:
        self._connection.close()

    def ask(self, kind: str, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"}
        content: bytes | None = None
        if method == "STOW":
            method = "POST"
            content = b"".join(
                f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode() + one + b"\r\n"
                for _, one in body
            )
            content += f"--{BOUNDARY}--\r\n".encode()
            headers["Accept"] = "application/dicom+json"
            headers["Content-Type"] = (
                f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
            )
        elif body is not None:
            content = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        begun = time.monotonic()
        problem, answer = "", None
        try:
            self._connection.request(method, path, content, headers)
            response = self._connection.getresponse()
            read = response.read()
            if response.status >= 400:
                problem = f"{response.status} {read[:120]!r}"
            elif "json" in (response.headers.get("Content-Type") or ""):
                answer = json.loads(read)
        except (OSError, http.client.HTTPException) as error:
            problem = repr(error)
            self._connection.close()
        self._crowd.note(kind, (time.monotonic() - begun) * 1000, problem)
        return answer
