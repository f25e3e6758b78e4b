"""A child process that de-identifies files: strangers' bytes are not parsed by the server.

Reads one JSON job from standard input, writes the cleaned files, and answers with one JSON list:
per file ``{"name", "sha256", "left_out"}``, where ``left_out`` says why a file was not written.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import pydicom

from .engine import NotClean, Person, deidentify, may_have_burned_in_text
from .profile import profile_of


def main() -> None:
    warnings.simplefilter("ignore")
    job = json.loads(sys.stdin.read())
    person = Person(
        name=job["name"],
        shift_days=job["shift_days"],
        key=bytes.fromhex(job["key"]),
        known=tuple(job["known"]),
    )
    profile = profile_of(job["keep"])
    target = Path(job["target"])
    answers = [
        _one(Path(path), target, person, profile, with_pictures=job["with_pictures"])
        for path in job["files"]
    ]
    sys.stdout.write(json.dumps(answers))


def _one(
    path: Path, target: Path, person: Person, profile: Any, *, with_pictures: bool
) -> dict[str, str]:
    answer = {"sha256": path.name, "name": "", "left_out": ""}
    try:
        dataset = pydicom.dcmread(path, force=True)
        doubt = may_have_burned_in_text(dataset)
        if doubt and not with_pictures:
            return answer | {"left_out": doubt}
        cleaned = deidentify(dataset, person, profile)
        name = f"{cleaned.SeriesInstanceUID}/{cleaned.SOPInstanceUID}.dcm"
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        cleaned.save_as(target / name, enforce_file_format=True)
    except NotClean as found:
        return answer | {"left_out": f"it still names the patient, in {found}"}
    except Exception as error:  # a file of any shape may be here; the others must still be done
        return answer | {"left_out": f"it cannot be read ({type(error).__name__})"}
    return answer | {"name": name}


if __name__ == "__main__":
    main()
