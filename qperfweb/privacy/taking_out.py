"""Take a study out without identity: a zip of cleaned objects and a list of what was left out."""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from qperfweb.core import audit
from qperfweb.core.errors import Conflict
from qperfweb.studies.models import Instance, Study
from qperfweb.studies.storage import object_paths, staging_folder

from .deidentification.child import clean_files
from .deidentification.profile import profile_of
from .pseudonyms import person_for, policy_of

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, kw_only=True)
class TakenOut:
    """What a zip holds: objects, and what was left out of it with the reason."""

    name: str
    objects: int
    left_out: tuple[str, ...]


def write_deidentified(
    study: Study, user: Any, target: IO[bytes], *, with_pictures: bool = False
) -> TakenOut:
    """Write the zip of a study without identity to ``target``; noted in the trail.

    with_pictures: take pictures of screens and documents along, whose pixels nobody has checked.

    Raises Conflict when no object could be cleaned, Unavailable when it takes too long.
    """
    person = person_for(study.patient, also_known=(study.accession_number,))
    policy = policy_of(study.site_id)
    rows = Instance.objects.filter(series__study=study).order_by("series_id", "id")
    paths = [path for path in object_paths(rows.values_list("sha256", flat=True)) if path.exists()]
    with TemporaryDirectory(dir=staging_folder()) as folder:
        answers = clean_files(
            [(path, person) for path in paths],
            Path(folder),
            keep=policy.keep,
            with_pictures=with_pictures,
        )
        written = [(one.path, one.inside) for one in answers if one.path is not None]
        if not written:
            raise Conflict("No object of this study could be taken out without identity.")
        left_out = tuple(
            f"{path.name[:12]}: {one.left_out}"
            for path, one in zip(paths, answers, strict=True)
            if one.left_out
        )
        taken = TakenOut(name=person.name, objects=len(written), left_out=left_out)
        _write_zip(target, written, taken, policy.keep)
    details = {"deidentified": True, "objects": taken.objects, "left_out": len(left_out)}
    audit.record(user, "study.exported", study, details=details)
    return taken


def _write_zip(
    target: IO[bytes], files: list[tuple[Path, str]], taken: TakenOut, keep: list[str]
) -> None:
    about = {
        "schema": "qperf-deidentified-1",
        "profile": [f"{code} {words}" for code, words in profile_of(keep).codes],
        **asdict(taken),
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("about.json", _FIXED_TIME), json.dumps(about, indent=1))
        for file, inside in files:
            info = zipfile.ZipInfo(f"{taken.name}/{inside}", _FIXED_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, file.read_bytes())
