"""Around every request: headers, one transaction within the user's sites, one error shape."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from django.db import DatabaseError, connection
from django.http import HttpResponse, JsonResponse
from django.test import Client, override_settings
from django.urls import path
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from qperfweb import urls
from qperfweb.core import audit
from qperfweb.core.errors import Conflict, Invalid
from qperfweb.core.models import TrailEvent
from qperfweb.core.permissions import Verb


def show_scope(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT qperf_sites()")
        return JsonResponse({"sites": cursor.fetchone()[0]})


def write_then(outcome):
    def view(request):
        audit.record(request.user, "test.written")
        return outcome()

    return view


def crash():
    raise RuntimeError("Doe^Jane was not found")


def conflict():
    raise Conflict("Somebody saved this reading before you.", detail={"revision": 3})


def aborted():
    """PostgreSQL answers nothing more in this transaction."""
    with suppress(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SELECT 1/0")
    conflict()


class Numbers(serializers.Serializer):
    mbf = serializers.FloatField(min_value=0)


class Api(APIView):
    verbs = {"GET": Verb.VIEW_STUDY, "POST": Verb.EDIT_READING}

    def get(self, request):
        return Response({"ok": True})

    def post(self, request):
        audit.record(request.user, "test.written")
        kind = request.data.get("kind")
        if kind == "crash":
            crash()
        if kind == "invalid":
            raise Invalid("MBF must not be negative.", field="mbf")
        Numbers(data=request.data).is_valid(raise_exception=True)
        return Response({"ok": True})

    def put(self, request):
        return Response({"ok": True})


urlpatterns = [
    path("scope", show_scope),
    path("write", write_then(lambda: HttpResponse("ok"))),
    path("write-then-crash", write_then(crash)),
    path("write-then-5xx", write_then(lambda: HttpResponse(status=503))),
    path("write-then-conflict", write_then(conflict)),
    path("abort-then-conflict", write_then(aborted)),
    path("api/test", Api.as_view()),
    *urls.urlpatterns,
]
handler404, handler500 = urls.handler404, urls.handler500

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


def written() -> int:
    return TrailEvent.objects.filter(action="test.written").count()


def test_a_request_sees_exactly_the_sites_of_its_user(site, other_site, client_of):
    assert client_of("reader", site).get("/scope").json() == {"sites": [site.pk]}
    both = client_of("auditor", site, other_site)
    assert both.get("/scope").json() == {"sites": sorted([site.pk, other_site.pk])}
    assert client_of("administrator").get("/scope").json() == {"sites": []}
    assert Client().get("/scope").json() == {"sites": []}


def test_the_scope_does_not_outlive_the_request(site, client_of):
    client_of("reader", site).get("/scope")
    with connection.cursor() as cursor:
        cursor.execute("SELECT qperf_sites()")
        assert cursor.fetchone()[0] == []


def test_what_a_request_wrote_stands_when_it_succeeds():
    Client().get("/write")
    assert written() == 1


@pytest.mark.parametrize(
    "address", ["/write-then-crash", "/write-then-5xx", "/write-then-conflict"]
)
def test_what_a_request_wrote_is_undone_when_it_fails(address):
    Client(raise_request_exception=False).get(address)
    assert written() == 0


def test_a_crash_is_one_generic_sentence_to_the_user_and_a_traceback_in_the_log(caplog):
    response = Client(raise_request_exception=False).get("/write-then-crash")
    assert response.status_code == 500
    page = response.content.decode()
    assert "Something went wrong on the server" in page
    assert response["X-Request-Id"] in page
    assert "Doe" not in page
    assert "RuntimeError" in caplog.text


def test_a_user_error_is_a_page_for_people_and_json_for_programs():
    page = Client().get("/write-then-conflict")
    assert page.status_code == 409
    assert "Somebody saved this reading before you." in page.content.decode()
    answer = Client().get("/write-then-conflict", headers={"accept": "application/json"})
    assert answer.json() == {
        "error": {
            "code": "conflict",
            "message": "Somebody saved this reading before you.",
            "detail": {"revision": 3},
            "field": None,
        }
    }


def post(client: Client, **body) -> tuple[int, dict]:
    response = client.post("/api/test", json.dumps(body), content_type="application/json")
    return response.status_code, response.json()["error"]


def test_every_refusal_of_the_api_has_the_one_shape(site, client_of, caplog):
    reader = client_of("reader", site)
    reader.raise_request_exception = False
    status, error = post(reader, kind="invalid")
    assert (status, error["code"], error["field"]) == (400, "invalid", "mbf")
    status, error = post(reader, mbf=-1)
    assert (status, error["code"], error["field"]) == (400, "invalid", "mbf")
    assert "greater than or equal to 0" in error["message"]
    status, error = post(reader, kind="crash")
    assert (status, error["code"]) == (500, "unexpected")
    assert "Doe" not in json.dumps(error)
    assert written() == 0

    status, error = post(client_of("auditor", site), mbf=1)
    assert (status, error["code"]) == (403, "not_allowed")
    status, error = post(Client(), mbf=1)
    assert (status, error["code"]) == (401, "not_signed_in")
    missing = Client().get("/api/nothing")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")


def test_a_method_without_a_verb_is_refused(site, client_of):
    response = client_of("reader", site).put("/api/test", "{}", content_type="application/json")
    assert response.status_code == 403


def test_every_response_carries_the_security_headers():
    for address in ("/scope", "/nothing-here", "/healthz", "/accounts/login/"):
        response = Client().get(address)
        assert "script-src 'self' 'wasm-unsafe-eval'" in response["Content-Security-Policy"]
        assert "unsafe-eval'" not in response["Content-Security-Policy"].replace(
            "'wasm-unsafe-eval'", ""
        )
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["X-Frame-Options"] == "DENY"
        assert response["Referrer-Policy"] == "same-origin"
        assert "camera=()" in response["Permissions-Policy"]


def test_an_error_page_keeps_the_header_and_still_undoes_what_was_done(site, client_of):
    reader = client_of("reader", site)
    for address, status in (
        ("/nothing-here", 404),
        ("/status/", 403),
        ("/write-then-conflict", 409),
    ):
        response = reader.get(address)
        assert response.status_code == status
        assert b'aria-label="Main"' in response.content, address
        assert b"Upload" in response.content
    assert written() == 0
    assert b'aria-label="Main"' not in Client().get("/nothing-here").content


def test_an_error_page_without_its_header_is_better_than_none(site, client_of, caplog):
    response = client_of("reader", site).get("/abort-then-conflict")
    assert response.status_code == 409
    assert b"Somebody saved this reading" in response.content
    assert b'aria-label="Main"' not in response.content
    assert "error page without its header" in caplog.text


def test_the_access_log_leaves_out_what_was_searched_for(caplog):
    caplog.set_level("INFO", "qperfweb.access")
    Client().get("/scope?search=Doe")
    assert "GET /scope 200" in caplog.text
    assert "Doe" not in caplog.text


def test_readiness_tells_what_is_missing(tmp_path):
    assert Client().get("/readyz").json() == {"ready": True, "problems": []}
    file = tmp_path / "file"
    file.write_text("")
    with override_settings(STORE_DIR=file / "store"):
        response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json()["problems"] == ["the store cannot be written: Not a directory"]


def test_whoever_is_refused_or_tries_another_site_leaves_a_line_in_the_trail(
    client_of, site, other_site
):
    client = client_of("technologist", site)
    assert client.get("/trail/").status_code == 403
    asked = client.post("/api/uploads/", {"site": other_site.slug}, "application/json")
    assert asked.status_code == 403
    stow = f"/dicom-web/sites/{other_site.slug}/studies"
    assert client.post(stow, b"DICM", "application/dicom").status_code == 404
    events = TrailEvent.objects.filter(action="access.refused", actor=client.user).order_by("id")
    assert [event.details["path"] for event in events] == ["/trail/", "/api/uploads/", stow]
    client.get("/studies/999/")  # a page that is not there is no attempt
    assert events.count() == 3
