"""Mutated files at the network edge: each is stored, or refused with a reason, and nothing else.

QPERF_FUZZ_CASES asks for more than the short form (docs/reliability.md has figures of 10,000); a
failing seed is named by the test.
"""

from __future__ import annotations

import io
import os
import resource

import numpy as np
import pytest
from pydicom import dcmread

from qperfweb.core.rls import site_scope
from qperfweb.studies.models import Instance, IntakeProblem
from qperfweb.studies.services import study_classify
from tests.dicom.test_fuzz import mutated, sample

CASES = int(os.environ.get("QPERF_FUZZ_CASES", "240"))
AT_ONCE = 40
MOST_GROWTH_MIB = 200


def of_its_own(data: bytes, seed: int) -> bytes:
    """The same object under another SOP Instance UID: else all but the first are set aside."""
    uid = str(dcmread(io.BytesIO(data), stop_before_pixels=True).SOPInstanceUID)
    return data.replace(uid.encode(), f"{uid[:-9]}1{seed:08d}".encode())


def body_of(parts: list[bytes]) -> bytes:
    head = b"--frontier\r\nContent-Type: application/dicom\r\n\r\n"
    return b"".join(head + part + b"\r\n" for part in parts) + b"--frontier--\r\n"


def memory_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# pydicom warns of what was broken on purpose.
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_mutated_objects_are_stored_or_refused_one_by_one(in_site, client_of):
    client = client_of("technologist", in_site)
    originals = [sample(kind) for kind in range(3)]
    before, stored, refused = memory_mib(), 0, 0
    for first in range(0, CASES, AT_ONCE):
        seeds = range(first, min(first + AT_ONCE, CASES))
        parts = [
            mutated(of_its_own(originals[s % 3], s), np.random.default_rng([17, s])) for s in seeds
        ]
        # A part that holds the boundary would be another part.
        parts = [part.replace(b"--frontier", b"--frontiers") for part in parts]
        answer = client.post(
            "/dicom-web/studies",
            body_of(parts),
            content_type='multipart/related; type="application/dicom"; boundary=frontier',
        )
        assert answer.status_code in (200, 202, 409), (seeds, answer.content[:300])
        told = answer.json()
        kept = told.get("00081199", {}).get("Value", [])
        failed = told.get("00081198", {}).get("Value", [])
        assert len(kept) + len(failed) == len(parts), seeds
        assert all(one["00081197"]["Value"][0] > 0 for one in failed), seeds
        stored, refused = stored + len(kept), refused + len(failed)
    assert stored > 0 and refused > 0
    with site_scope([in_site.pk]):
        assert IntakeProblem.objects.count() == refused
        assert IntakeProblem.objects.filter(message="").count() == 0
        studies = {row.series.study for row in Instance.objects.select_related("series__study")}
        for study in studies:
            study_classify(study)
            for level in ("series", "instances", "metadata"):
                found = client.get(f"/dicom-web/studies/{study.study_instance_uid}/{level}")
                assert found.status_code == 200, (study.study_instance_uid, level)
    growth = memory_mib() - before
    assert growth < MOST_GROWTH_MIB, f"{growth:.0f} MiB more"
    print(f"{CASES} files: {stored} stored, {refused} refused, {growth:.0f} MiB more")
