"""A child process that de-identifies files: strangers' bytes are not parsed by the server.

Reads one JSON line per file from standard input (child.py writes it), writes the cleaned file, and
answers with one line, ``{"inside": ..., "left_out": ...}``, where ``left_out`` says why a file was
not written.
"""

from __future__ import annotations

import json
import resource
import sys
import warnings
from pathlib import Path
from typing import Any

import pydicom

from .engine import NotClean, Person, deidentify, may_have_burned_in_text
from .profile import profile_of

MEMORY_BYTES = 3 * 2**30


def answer(request: dict[str, Any]) -> dict[str, str]:
    try:
        return _cleaned(request)
    except NotClean as found:
        return {"inside": "", "left_out": f"it still names the patient, in {found}"}
    except Exception as error:  # a file of any shape may be here; the others must still be done
        return {"inside": "", "left_out": f"it cannot be read ({type(error).__name__})"}


def main() -> None:
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line)), separators=(",", ":")) + "\n")
        sys.stdout.flush()


def _cleaned(request: dict[str, Any]) -> dict[str, str]:
    person = Person(
        name=request["name"],
        shift_days=request["shift_days"],
        key=bytes.fromhex(request["key"]),
        known=tuple(request["known"]),
    )
    dataset = pydicom.dcmread(Path(request["path"]), force=True)
    doubt = may_have_burned_in_text(dataset)
    if doubt and not request["with_pictures"]:
        return {"inside": "", "left_out": doubt}
    cleaned = deidentify(dataset, person, profile_of(request["keep"]))
    cleaned.save_as(request["target"], enforce_file_format=True)
    inside = f"{cleaned.SeriesInstanceUID}/{cleaned.SOPInstanceUID}.dcm"
    return {"inside": inside, "left_out": ""}


if __name__ == "__main__":
    main()
