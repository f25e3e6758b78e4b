"""Results go to a PACS by themselves, wait when it is away, and arrive equal."""

from __future__ import annotations

import json
import re
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from pydicom import dcmread

from analysis.benchmarks.programs import outside
from qperfweb.core.rls import site_scope
from qperfweb.dicom_network.configured import seal_secret
from qperfweb.dicom_network.destinations import Destination, parse_destinations
from qperfweb.dicom_network.models import ResultObject, SendTarget, Transmission
from qperfweb.dicom_network.sending import Sender
from qperfweb.studies.storage import object_path
from tests.dicom_network.conftest import free_port, process, wait_for
from tests.dicom_network.test_listener import called
from tests.reports.exports import analysed, images, received

needs_dcmtk = pytest.mark.skipif(
    outside("storescp") is None, reason="storescp is missing: apt-get install dcmtk"
)


@pytest.fixture
def result(own_database: Any, site: Any, as_worker: Any, tmp_path: Path, settings: Any) -> Any:
    """A study at north with an automated result, sent as soon as it is there."""
    settings.DICOM_SEND = "analysed"
    with site_scope([site.pk]):
        study = received(site, tmp_path / "exam", images())
        with as_worker():
            analysed(study)
    return study


def state_of(site: Any) -> Transmission:
    with site_scope([site.pk]):
        return Transmission.objects.get()


# pynetdicom leaves the socket of a connection that failed to the garbage collector.
# The peer hangs up in the middle, which its own thread reports.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@needs_dcmtk
def test_a_result_waits_for_its_pacs_and_arrives_there_byte_by_byte(result, site, tmp_path):
    port = free_port()
    sender = Sender(parse_destinations([f"{site.slug}/PACS=dicom://PACSAE@127.0.0.1:{port}"]))
    assert sender.work() == 1
    waiting = state_of(site)
    assert (waiting.state, waiting.attempts) == ("queued", 1)
    assert "does not answer" in waiting.last_error
    assert waiting.next_attempt_at > timezone.now() + timedelta(seconds=20)
    assert sender.work() == 0  # patience

    inbox = tmp_path / "pacs"
    inbox.mkdir()
    command = [str(outside("storescp")), "-aet", "PACSAE", "-od", str(inbox), str(port)]
    with process(command, {}, tmp_path / "pacs.log"):
        wait_for(lambda: called("echoscu", port) == 0)
        with site_scope([site.pk]):
            Transmission.objects.update(next_attempt_at=timezone.now())
        assert sender.work() == 1
    done = state_of(site)
    assert (done.state, done.attempts, done.last_error) == ("sent", 2, "")
    with site_scope([site.pk]):
        rows = {row.sop_instance_uid: row for row in ResultObject.objects.all()}
    arrived = {ds.SOPInstanceUID: ds for ds in map(dcmread, inbox.iterdir())}
    assert arrived.keys() == rows.keys() and len(rows) == done.objects_sent == 21
    for uid, ds in arrived.items():
        ours = dcmread(object_path(rows[uid].sha256))
        ours.remove_private_tags()
        assert ds == ours
    assert sender.work() == 0  # sent once


def test_stow_sends_all_parts_with_the_token(result, site):
    asked: dict[str, Any] = {}

    class Store(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.update(path=self.path, token=self.headers["Authorization"])
            asked["body"] = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Store) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://:secret@127.0.0.1:{server.server_port}/dicom-web"
        assert (
            Sender([Destination(site=site.slug, name="VNA", address=address, free=True)]).work()
            == 1
        )
        server.shutdown()
    assert state_of(site).state == "sent"
    assert (asked["path"], asked["token"]) == ("/dicom-web/studies", "Bearer secret")
    assert asked["body"].count(b"Content-Type: application/dicom\r\n") == 21


class Fhir(BaseHTTPRequestHandler):
    """A FHIR server of two attempts: busy, then a transaction as the standard describes it."""

    bodies: list[dict[str, Any]]

    def do_POST(self) -> None:
        self.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        assert self.headers["Content-Type"] == "application/fhir+json"
        assert self.headers["Authorization"] == "Bearer se/cret"
        busy = len(self.bodies) == 1
        outcome = {"resourceType": "OperationOutcome", "issue": [{"code": "throttled"}]}
        answer = json.dumps(outcome if busy else {"resourceType": "Bundle"}).encode()
        self.send_response(503 if busy else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments: Any) -> None:
        pass


def test_a_report_is_posted_to_a_fhir_server_and_again_when_it_is_busy(result, site, settings):
    settings.SEND_NETWORKS = ["127.0.0.0/8"]
    handler = type("Handler", (Fhir,), {"bodies": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with site_scope([site.pk]):
            SendTarget.objects.create(
                site=site, name="EHR", kind="fhir", send="analysed",
                address=f"http://127.0.0.1:{server.server_port}/fhir",
                secret=seal_secret("se/cret"),
            )  # fmt: skip
        sender = Sender()
        assert sender.work() == 1
        waiting = state_of(site)
        assert waiting.state == "queued"
        assert waiting.last_error.endswith("answered 503 (throttled)")
        with site_scope([site.pk]):
            Transmission.objects.update(next_attempt_at=timezone.now())
        assert sender.work() == 1
        server.shutdown()
    done = state_of(site)
    first, second = handler.bodies
    assert (done.state, done.attempts) == ("sent", 2)
    assert first == second and first["type"] == "transaction"
    assert len(first["entry"]) == done.objects_sent
    kinds = {}
    for entry in first["entry"]:
        kinds.setdefault(entry["resource"]["resourceType"], []).append(entry["request"])
    assert len(kinds["Observation"]) == 17 * 3
    assert {r["method"] for r in kinds["Observation"] + kinds["DiagnosticReport"]} == {"PUT"}
    (patient,) = kinds["Patient"]
    assert (patient["method"], patient["ifNoneExist"]) == ("POST", "identifier=P1")
    named = {entry["fullUrl"] for entry in first["entry"]}
    assert set(re.findall(r"urn:uuid:[0-9a-f-]+", json.dumps(first))) == named


def test_a_site_cannot_send_into_the_server_itself(result, site):
    with site_scope([site.pk]):
        SendTarget.objects.create(
            site=site, name="INSIDE", kind="stow", send="analysed", address="http://127.0.0.1:1/x"
        )
    assert Sender().work() == 1
    assert "QPERF_SEND_NETWORKS" in state_of(site).last_error


def test_a_result_is_sent_again_by_hand_and_its_way_can_be_seen(result, site, client_of, settings):
    settings.DICOM_DESTINATIONS = [f"{site.slug}/PACS=dicom://P@127.0.0.1:1"]
    client = client_of("reader", site)
    address = f"/api/studies/{result.pk}/transmissions/"
    body = {"destination": "NOWHERE"}
    assert client.post(address, body, content_type="application/json").status_code == 400
    body = {"destination": "PACS"}
    assert client.post(address, body, content_type="application/json").status_code == 201
    again = client.post(address, body, content_type="application/json").json()
    answer = client.get(address).json()
    assert [one["id"] for one in answer["transmissions"]] == [again["id"]]  # it waits already
    assert answer["destinations"] == ["PACS"]
    assert answer["transmissions"][0]["state"] == "queued"
    technologist = client_of("technologist", site)
    assert technologist.post(address, body, content_type="application/json").status_code == 403


def test_a_destination_that_makes_no_sense_is_named_without_its_token():
    for wrong in ("north/P=dicom://host:1", "north/P=ftp://h", "P=dicom://A@h:1"):
        with pytest.raises(ImproperlyConfigured):
            parse_destinations([wrong])
    with pytest.raises(ImproperlyConfigured) as error:
        parse_destinations(["north/P=https://:secret@"])
    assert "secret" not in str(error.value)
