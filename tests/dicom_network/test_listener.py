"""The C-STORE receiver, called by dcmtk's own programs."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from django.core.exceptions import ImproperlyConfigured
from pydicom import dcmread
from pynetdicom import AE

from analysis.benchmarks.programs import outside
from qperfweb.core.models import TrailEvent
from qperfweb.core.rls import site_scope
from qperfweb.dicom_network.callers import caller_of, parse_callers
from qperfweb.dicom_network.models import Caller
from qperfweb.dicom_network.spool import recover, spool_folder
from qperfweb.studies.models import Instance, IntakeBatch, IntakeProblem, Study
from qperfweb.studies.storage import object_path
from tests.dicom import make
from tests.dicom_network.conftest import wait_for, wait_for_delivery

needs_dcmtk = pytest.mark.skipif(
    outside("storescu") is None, reason="storescu is missing: apt-get install dcmtk"
)


def called(program: str, port: int, *arguments: str, title: str = "SCANNER") -> int:
    command = [
        str(outside(program)),
        "-aet",
        title,
        "-aec",
        "QPERF",
        "127.0.0.1",
        str(port),
        *arguments,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    print(done.stdout, done.stderr)  # pytest shows it where a call fails
    return done.returncode


@needs_dcmtk
def test_a_scanner_sends_and_its_study_is_complete_at_release(listener, site, tmp_path):
    assert called("echoscu", listener) == 0
    objects = make.first_pass("perf rest", frames=60)
    folder = make.write(tmp_path / "exam", objects)
    assert called("storescu", listener, "+sd", str(folder)) == 0
    wait_for_delivery(site)
    with site_scope([site.pk]):
        batch = IntakeBatch.objects.get()
        assert (batch.source, batch.accepted) == ("dicom", 60)
        assert Instance.objects.count() == 60
        study = Study.objects.get()
        assert study.runs.count() == 1  # released: nothing to wait for
        row = Instance.objects.get(sop_instance_uid=objects[7].SOPInstanceUID)
    kept = dcmread(object_path(row.sha256))
    assert kept.PixelData == objects[7].PixelData
    assert kept.PatientName == "Test^Person"
    assert list(spool_folder().rglob("*.dcm")) == []


@needs_dcmtk
def test_unknown_callers_are_refused_and_the_trail_says_so_once(listener, site):
    assert called("echoscu", listener, title="STRANGER") != 0
    assert called("echoscu", listener, title="STRANGER") != 0
    with site_scope([site.pk]):
        event = TrailEvent.objects.get(action="association.refused")
        assert (event.site_id, event.details["title"]) == (None, "STRANGER")
        # Whom the site lets in on its page may call at once.
        Caller.objects.create(site=site, title="STRANGER", host="127.0.0.1")
    assert called("echoscu", listener, title="STRANGER") == 0
    assert called("echoscu", listener, title="ELSEWHERE") != 0
    command = [
        str(outside("echoscu")),
        "-aet",
        "SCANNER",
        "-aec",
        "OTHER",
        "127.0.0.1",
        str(listener),
    ]
    assert subprocess.run(command, capture_output=True, timeout=60).returncode != 0


def test_an_association_that_breaks_off_keeps_what_came_and_does_not_call_it_complete(
    listener, site, own_database
):
    sender = AE(ae_title="SCANNER")
    sender.add_requested_context(make.MR, "1.2.840.10008.1.2.1")
    association = sender.associate("127.0.0.1", listener, ae_title="QPERF")
    assert association.is_established
    for ds in make.first_pass("perf rest", frames=5):
        assert association.send_c_store(ds).Status == 0
    association.abort()
    wait_for_delivery(site)
    with site_scope([site.pk]):
        assert Instance.objects.count() == 5
        assert Study.objects.get().runs.count() == 0  # waits until it is quiet


def test_eight_senders_at_once_each_get_their_delivery(listener, site, own_database):
    repeated = []

    def send(number: int) -> None:
        sender = AE(ae_title="SCANNER")
        sender.dimse_timeout = 10
        sender.add_requested_context(make.MR, "1.2.840.10008.1.2.1")
        association = sender.associate("127.0.0.1", listener, ae_title="QPERF")
        for ds in make.first_pass(f"perf {number}", frames=10):
            answer = association.send_c_store(ds)
            if "Status" not in answer:  # pynetdicom's own thread took it for a stray message
                repeated.append(number)
                return send(number)  # as a scanner does that got no answer
            assert answer.Status == 0
        association.release()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(8)))

    def arrived() -> bool:
        with site_scope([site.pk]):
            finished = IntakeBatch.objects.filter(finished_at__isnull=False)
            return finished.count() == 8 + len(repeated)

    wait_for(arrived)
    with site_scope([site.pk]):
        assert Instance.objects.count() == 80
        assert repeated or set(IntakeBatch.objects.values_list("accepted", flat=True)) == {10}
        assert Study.objects.count() == 1


def test_what_a_sender_gets_wrong_is_refused_and_listed(listener, site, own_database):
    """Wrong class, another content under one UID, a wrong character set, no geometry, no size."""
    sender = AE(ae_title="SCANNER")
    sender.add_requested_context(make.MR, "1.2.840.10008.1.2.1")
    sender.add_requested_context("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1")
    association = sender.associate("127.0.0.1", listener, ae_title="QPERF")
    assert [c.abstract_syntax for c in association.accepted_contexts] == [make.MR]
    good, again = make.image(number=1), make.image(number=1, pixels=np.ones((16, 12), np.uint16))
    latin = make.image(number=2)
    latin.add_new("PatientName", "UN", "Jürgen".encode("latin-1"))
    bare = make.image(
        number=3, ImagePositionPatient=None, ImageOrientationPatient=None, PixelSpacing=None,
        FrameOfReferenceUID=None,
    )  # fmt: skip
    huge = make.image(number=4, Rows=65_535, Columns=65_535)
    lying = make.image(number=5)
    lying.Modality = "CT"
    for ds in (good, again, bare, huge, lying, latin):
        assert association.send_c_store(ds).Status == 0  # kept; what becomes of it is listed
    association.release()
    wait_for_delivery(site)
    with site_scope([site.pk]):
        problems = dict(IntakeProblem.objects.values_list("code", "message"))
        kept = set(Instance.objects.values_list("sop_instance_uid", flat=True))
    assert {"uid-reused", "bad-dimensions", "wrong-modality"} <= set(problems)
    assert all(text.endswith(".") for text in problems.values())
    assert {good.SOPInstanceUID, bare.SOPInstanceUID} <= kept


def test_what_a_killed_listener_left_is_taken_in_at_the_next_start(own_database, site):
    folder = spool_folder() / site.slug / "left"
    make.write(folder, make.first_pass("perf rest", frames=3))
    (folder / "9999.dcm").write_bytes(b"half an obj")
    assert recover() == 4
    with site_scope([site.pk]):
        assert Instance.objects.count() == 3
        assert IntakeProblem.objects.get().code == "not-dicom"
    assert not folder.exists()


def test_a_title_belongs_to_one_site_and_an_address_narrows_it():
    callers = parse_callers(["MR1=north", "PACS@10.0.0.5=south"])
    assert caller_of(callers, "MR1 ", "1.2.3.4").site == "north"
    assert caller_of(callers, "PACS", "10.0.0.5").site == "south"
    assert caller_of(callers, "PACS", "10.0.0.6") is None
    assert caller_of(callers, "MR2", "10.0.0.5") is None
    for wrong in (["MR1"], ["MR1=north", "MR1=south"], ["AVERYLONGTITLE1234=north"]):
        with pytest.raises(ImproperlyConfigured):
            parse_callers(wrong)
