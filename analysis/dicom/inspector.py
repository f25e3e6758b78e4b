"""Inspect files in a process of its own: ``python -m analysis.dicom.inspector``.

Reads one JSON line per file from standard input, ``{"path": ..., "size": ...}``, and answers each
with one line, ``{"facts": {...}}`` or ``{"refused": code, "detail": text}``. Whoever parses bytes
of strangers in a long-lived process asks this one instead: it may die, run out of memory or be
killed for slowness, and nothing but the file in hand is lost.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

from analysis.dicom.inspection import inspect
from analysis.dicom.limits import MIB
from analysis.dicom.refusals import Refused

MEMORY_BYTES = 3 * 1024 * MIB


def answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        with Path(request["path"]).open("rb") as file:
            return {"facts": inspect(file, int(request["size"])).to_json()}
    except Refused as reason:
        return {"refused": reason.code, "detail": reason.detail}
    except OSError:
        return {"refused": "unreadable", "detail": ""}


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line)), separators=(",", ":")) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
