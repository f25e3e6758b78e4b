"""Senders that break off in the middle, lie about lengths, negotiate oddly, or send rubbish."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress

import numpy as np
import pytest
from pynetdicom import AE, build_role, evt
from pynetdicom.pdu_primitives import AsynchronousOperationsWindowNegotiation

from qperfweb.core.rls import site_scope
from qperfweb.dicom_network.listener import MOST_PDU_BYTES
from qperfweb.dicom_network.spool import receiving_folder, spool_folder
from qperfweb.studies.models import Instance, IntakeBatch
from tests.dicom import make
from tests.dicom_network.conftest import wait_for, wait_for_delivery
from tests.dicom_network.test_listener import called

EXPLICIT = "1.2.840.10008.1.2.1"


def established(port, **options):
    sender = AE(ae_title="SCANNER")
    sender.add_requested_context(make.MR, EXPLICIT)
    association = sender.associate("127.0.0.1", port, ae_title="QPERF", **options)
    assert association.is_established
    return association


# The connection is cut under pynetdicom's feet, which its own thread reports.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_object_that_breaks_off_leaves_nothing_and_those_before_it_stay(listener, site):
    halfway, sent = threading.Event(), []

    def cut(event):
        sent.append(len(event.data))
        if sum(sent) > 1_000_000:
            halfway.set()
            event.assoc.dul.socket.socket.close()

    association = established(listener, evt_handlers=[(evt.EVT_DATA_SENT, cut)])
    for ds in make.first_pass("perf rest", frames=2):
        assert association.send_c_store(ds).Status == 0
    large = make.image(number=9, pixels=np.ones((1024, 1024), np.uint16))
    with suppress(RuntimeError, ValueError, OSError):  # it may notice
        association.send_c_store(large)
    assert halfway.wait(30)
    wait_for_delivery(site)
    with site_scope([site.pk]):
        assert Instance.objects.count() == 2
    wait_for(lambda: list(receiving_folder().iterdir()) == [])
    wait_for(lambda: list(spool_folder().rglob("*.dcm")) == [])


def test_who_announces_more_than_fits_is_cut_off_and_the_others_go_on(listener):
    with socket.create_connection(("127.0.0.1", listener), timeout=30) as wire:
        # An association request of nearly 4 GiB, from nobody we know.
        wire.sendall(struct.pack(">BBL", 1, 0, 0xFFFFFFF0) + b"\1" * 65_536)
        assert wire.recv(16) == b""
    with socket.create_connection(("127.0.0.1", listener), timeout=30) as wire:
        wire.sendall(struct.pack(">BBL", 4, 0, MOST_PDU_BYTES + 1))
        assert wire.recv(16) in (b"", b"\7\0\0\0\0\4\0\0\2\0")  # closed, or aborted before
    with socket.create_connection(("127.0.0.1", listener), timeout=30) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        wire.recv(16)
    assert called("echoscu", listener) == 0


def test_roles_windows_and_unknown_classes_are_negotiated_away(listener, site):
    sender = AE(ae_title="SCANNER")
    raw_data, ct = "1.2.840.10008.5.1.4.1.1.66", "1.2.840.10008.5.1.4.1.1.2"
    for sop_class in (make.MR, raw_data, ct, "1.3.12.2.1107.5.9.1", "1.2.840.10008.1.20.1"):
        sender.add_requested_context(sop_class, [EXPLICIT, "1.2.840.10008.1.2"])
    window = AsynchronousOperationsWindowNegotiation()
    window.maximum_number_operations_invoked = 8
    window.maximum_number_operations_performed = 8
    roles = [window, build_role(make.MR, scu_role=True, scp_role=True)]
    association = sender.associate("127.0.0.1", listener, ae_title="QPERF", ext_neg=roles)
    assert [one.abstract_syntax for one in association.accepted_contexts] == [make.MR]
    refused = {one.abstract_syntax: one.result for one in association.rejected_contexts}
    assert set(refused.values()) == {3}  # abstract syntax not supported
    assert association.send_c_store(make.image(number=1)).Status == 0
    association.release()


def test_a_wrong_length_in_the_data_is_listed_with_its_reason(listener, site):
    """What a sender says of an object and what is in it need not agree."""
    association = established(listener)
    good, other = make.image(number=1), make.image(number=2)
    other.PixelData = other.PixelData[:10]
    for ds in (good, other):
        assert association.send_c_store(ds).Status == 0
    association.release()
    wait_for_delivery(site)
    with site_scope([site.pk]):
        (batch,) = IntakeBatch.objects.all()
        assert batch.accepted == Instance.objects.count() == 1
        (problem,) = batch.problems.all()
    assert problem.code == "bad-dimensions"
    assert problem.message.endswith(".")
