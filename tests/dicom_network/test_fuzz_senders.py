"""Mutated exams over C-STORE and mutated zips over the browser's upload: used, or refused by name.

QPERF_FUZZ_CASES asks for more than the short form (docs/reliability.md has figures of the long
one); a failing seed is named by the test.
"""

from __future__ import annotations

import io
import os
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from pynetdicom import AE
from pynetdicom.dimse_primitives import C_STORE

from analysis.dicom.refusals import REASONS
from qperfweb.core.rls import site_scope
from qperfweb.dicom_network.spool import receiving_folder, spool_folder
from qperfweb.studies.models import Instance, IntakeBatch, IntakeProblem
from qperfweb.studies.services import study_classify
from qperfweb.studies.storage import staging_folder
from tests.dicom import make
from tests.dicom.test_fuzz import mutated, sample
from tests.dicom_network.conftest import free_port, process, wait_for
from tests.dicom_network.test_fuzz import MOST_GROWTH_MIB, memory_mib, of_its_own
from tests.studies.test_uploads import opened, sent

CASES = int(os.environ.get("QPERF_FUZZ_CASES", "120"))
CLASSES = (make.MR, make.ENHANCED_MR, make.MR)
SYNTAXES = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5")
AN_ASSOCIATION = 250


def highest_mib(pid: int) -> float:
    """The most memory that a process has held."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("the process is gone")


def dataset_of(data: bytes) -> bytes:
    """The object without preamble and file meta information, as it travels."""
    length = int.from_bytes(data[140:144], "little")
    return data[144 + length :]


def send_mutated(port: int, seeds: range, originals: list[bytes]) -> None:
    """One association that sends every seed's object, whatever its bytes are."""
    sender = AE(ae_title="SCANNER")
    for sop_class, syntax in zip(CLASSES, SYNTAXES, strict=True):
        sender.add_requested_context(sop_class, syntax)
    association = sender.associate("127.0.0.1", port, ae_title="QPERF")
    assert association.is_established, seeds
    contexts = {(c.abstract_syntax, c.transfer_syntax[0]): c for c in association.accepted_contexts}
    association._reactor_checkpoint.clear()  # answers are for us: its own thread must not take them
    wait_for(lambda: association._is_paused)
    for seed in seeds:
        kind = seed % 3
        whole = dataset_of(of_its_own(originals[kind], seed))
        request = C_STORE()
        request.MessageID = seed % 65_000 + 1
        request.AffectedSOPClassUID = CLASSES[kind]
        request.AffectedSOPInstanceUID = f"1.2.3.{seed + 1}"
        request.DataSet = io.BytesIO(mutated(whole, np.random.default_rng([23, seed])))
        context = contexts[CLASSES[kind], SYNTAXES[kind]]
        association.dimse.send_msg(request, context.context_id)
        _, answer = association.dimse.get_msg(block=True)
        assert answer is not None and answer.Status == 0, seed
    association._reactor_checkpoint.set()
    association.release()


# pydicom warns of what was broken on purpose.
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_mutated_objects_over_c_store_are_kept_or_listed(environment, site, tmp_path, client_of):
    port, log = free_port(), tmp_path / "listener.log"
    command = [sys.executable, "manage.py", "dicom_listener", "--host", "127.0.0.1"]
    callers = {"QPERF_DICOM_CALLERS": f"SCANNER={site.slug}"}
    originals = [sample(kind) for kind in range(3)]
    batches = range(0, CASES, AN_ASSOCIATION)
    with process([*command, "--port", str(port)], environment | callers, log) as listener:
        wait_for(lambda: b"listens" in log.read_bytes())
        before = highest_mib(listener.pid)
        for first in batches:
            send_mutated(port, range(first, min(first + AN_ASSOCIATION, CASES)), originals)

        def arrived() -> bool:
            with site_scope([site.pk]):
                done = IntakeBatch.objects.filter(finished_at__isnull=False)
                return done.count() == len(batches)

        wait_for(arrived, seconds=600)
        growth = highest_mib(listener.pid) - before
        assert listener.poll() is None
    assert b"Traceback" not in log.read_bytes()
    assert growth < MOST_GROWTH_MIB, f"{growth:.0f} MiB more"
    client = client_of("reader", site)
    with site_scope([site.pk]):
        stored, listed = Instance.objects.count(), IntakeProblem.objects.count()
        assert stored + listed == CASES
        assert stored > 0 and listed > 0
        assert set(IntakeProblem.objects.values_list("code", flat=True)) <= set(REASONS) | {
            "uid-reused", "identity-conflict", "study-of-another-patient"
        }  # fmt: skip
        assert not IntakeProblem.objects.filter(message="").exists()
        studies = {row.series.study for row in Instance.objects.select_related("series__study")}
        for study in studies:
            study_classify(study)
            found = client.get(f"/dicom-web/studies/{study.study_instance_uid}/metadata")
            assert found.status_code == 200, study.study_instance_uid
    assert list(receiving_folder().iterdir()) == list(spool_folder().rglob("*.dcm")) == []
    print(f"{CASES} objects: {stored} stored, {listed} listed, {growth:.0f} MiB more")


def an_archive(seed: int) -> bytes:
    """A zip of an exam: sound, with a zip inside, with a bomb inside, or with wrong methods."""
    rng = np.random.default_rng([29, seed])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, ds in enumerate(make.first_pass("perf", frames=3, study=make.uid(seed))):
            archive.writestr(f"exam/{number}.dcm", make.to_bytes(ds))
        kind = seed % 4
        if kind == 1:
            inner = io.BytesIO()
            with zipfile.ZipFile(inner, "w") as nested:
                nested.writestr("a.dcm", make.to_bytes(make.image(study=make.uid(seed))))
            archive.writestr("inner.zip", inner.getvalue())
        elif kind == 2:
            archive.writestr("bomb.dcm", bytes(12 << 20))
        elif kind == 3:
            archive.writestr("odd.dcm", rng.bytes(2000), zipfile.ZIP_BZIP2)
    data = buffer.getvalue()
    return data[: int(rng.integers(4, len(data)))] if seed % 5 == 0 else mutated(data, rng)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_mutated_zips_are_unpacked_or_refused_by_name(client_of, in_site):
    client = client_of("technologist", in_site)
    before, kept, refused = memory_mib(), 0, 0
    for seed in range(max(CASES // 6, 20)):
        upload = opened(client)
        answer = sent(client, upload, {"exam.zip": an_archive(seed)})
        outcomes = answer["outcomes"]
        for archive in answer["archives"]:
            start: int | None = 0
            while start is not None:
                step = client.post(
                    f"/api/uploads/{upload}/archives/{archive['token']}/",
                    {"start": start},
                    content_type="application/json",
                )
                assert step.status_code == 200, (seed, step.content[:300])
                outcomes += step.json()["outcomes"]
                start = step.json()["next"]
        assert outcomes, seed
        for one in outcomes:
            sound = one["status"] in ("accepted", "duplicate")
            assert sound or (one["code"] and one["message"].endswith(".")), (seed, one)
            kept, refused = kept + sound, refused + (not sound)
        studies = sorted({one["study_id"] for one in outcomes if one["study_id"]})
        done = client.post(
            f"/api/uploads/{upload}/done/", {"studies": studies}, content_type="application/json"
        )
        assert done.status_code == 200, (seed, done.content[:300])
    assert kept > 0 and refused > 0
    with site_scope([in_site.pk]):
        assert IntakeProblem.objects.count() == refused
    assert [path for path in staging_folder().iterdir() if path.name.startswith("zip-")] == []
    growth = memory_mib() - before
    assert growth < MOST_GROWTH_MIB, f"{growth:.0f} MiB more"
    print(f"{seed + 1} zips: {kept} objects kept, {refused} refused, {growth:.0f} MiB more")
