"""A site's administrator says who may send, where results go and what images are called."""

from __future__ import annotations

import socket
import threading

import pytest

from qperfweb.core.models import TrailEvent
from qperfweb.core.rls import site_scope
from qperfweb.dicom_network.callers import caller_of
from qperfweb.dicom_network.configured import known_callers, known_destinations
from qperfweb.dicom_network.guard import NotAllowedThere, checked_address
from qperfweb.dicom_network.models import Caller, SendTarget
from qperfweb.studies.import_rules import rules_of

TARGET = {
    "action": "target-add", "name": "VNA", "kind": "stow", "address": "https://vna.example.org/dw",
    "secret": "s3cret/+", "send": "analysed",
}  # fmt: skip


@pytest.fixture
def post(client_of, in_site):
    client = client_of("site_admin", in_site)

    def send(**fields):
        return client.post("/network/", {"site": in_site.slug, **fields}, follow=True)

    send.client = client
    return send


def test_a_caller_is_let_in_and_turned_away_again_at_once(post, in_site, other_site):
    assert "every association is refused" in post.client.get("/network/").content.decode()
    answer = post(action="caller-add", title="SCANNER9", host="10.0.0.5")
    assert "SCANNER9 may send to North Hospital" in answer.content.decode()
    found = caller_of(known_callers(), "SCANNER9", "10.0.0.5")
    assert found is not None and found.site == in_site.slug
    assert caller_of(known_callers(), "SCANNER9", "10.0.0.6") is None
    again = post(action="caller-add", title="SCANNER9", host="10.0.0.5")
    assert again.status_code == 409 and "in use already" in again.content.decode()
    post(action="caller-remove", number=Caller.objects.get().pk)
    assert known_callers() == []
    actions = list(TrailEvent.objects.order_by("pk").values_list("action", flat=True))
    assert [a for a in actions if a.startswith("caller.")] == ["caller.added", "caller.removed"]


def test_a_title_belongs_to_one_site_even_if_that_is_out_of_sight(post, other_site):
    with site_scope([other_site.pk]):
        Caller.objects.create(site=other_site, title="CT7", host="")
    assert post(action="caller-add", title="CT7", host="").status_code == 409


def test_the_operators_callers_stand_and_win(post, in_site, other_site, settings):
    settings.DICOM_CALLERS = [f"MR1={other_site.slug}", f"MR2={in_site.slug}"]
    assert "MR2" in post.client.get("/network/").content.decode()
    assert post(action="caller-add", title="MR1", host="").status_code == 409
    assert caller_of(known_callers(), "MR1", "1.2.3.4").site == other_site.slug


def test_a_destination_keeps_its_token_to_itself(post, in_site):
    page = post(**TARGET).content.decode()
    assert "vna.example.org" in page and "s3cret" not in page
    row = SendTarget.objects.get()
    assert b"s3cret" not in bytes(row.secret)
    (there,) = known_destinations(in_site)
    assert (there.send, there.free) == ("analysed", False)
    assert there.address == "https://:s3cret%2F%2B@vna.example.org/dw"
    assert "s3cret" not in str(list(TrailEvent.objects.values_list("details", flat=True)))
    post(action="target-remove", number=row.pk)
    assert known_destinations(in_site) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "ftp://vna/x"}, {"address": "https://:token@vna/x"}, {"address": "https://"},
        {"kind": "dicom"}, {"kind": "pigeon"}, {"name": "two words"}, {"send": "always"},
        {"kind": "dicom", "address": "dicom://host:104"},
        {"kind": "dicom", "address": "dicom://AET@host:port"},
        {"action": "caller-add", "title": "a\\b"}, {"action": "caller-add", "title": ""},
        {"action": "caller-add", "title": "AET", "host": "not a host"},
        {"action": "target-remove", "number": "x"}, {"action": "dance"}, {"site": "nowhere"},
        {"action": "rules", "rules": "[{]"},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_words(post, in_site, wrong):
    answer = post(**{**TARGET, **wrong})
    assert answer.status_code in (400, 404)
    assert "notice-error" in answer.content.decode()
    assert not Caller.objects.exists() and not SendTarget.objects.exists()


def test_rules_are_saved_and_a_mistake_keeps_what_was_typed(post, in_site):
    post(action="rules", rules='[{"name": "x", "role": "map", "pattern": "Q"}]')
    assert [r["name"] for r in rules_of(in_site.pk)] == ["x"]
    answer = post(action="rules", rules='[{"name": "half typed"')
    assert "half typed" in answer.content.decode()
    assert [r["name"] for r in rules_of(in_site.pk)] == ["x"]


def test_a_destination_is_tried_only_where_results_may_go(post, in_site, settings):
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: server.accept()[0].close(), daemon=True).start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/dw"
        post(**{**TARGET, "address": address})
        number = SendTarget.objects.get().pk
        refused = post(action="target-echo", number=number).content.decode()
        assert "QPERF_SEND_NETWORKS" in refused
        settings.SEND_NETWORKS = ["127.0.0.0/8"]
        assert "VNA answers" in post(action="target-echo", number=number).content.decode()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "169.254.169.254", "0.0.0.0", "::1", "::ffff:127.0.0.1",
             "224.0.0.1"]
)  # fmt: skip
def test_results_do_not_go_into_the_server_or_its_segment(host, settings):
    with pytest.raises(NotAllowedThere):
        checked_address(host, 80)
    assert checked_address("10.1.2.3", 80) == "10.1.2.3"
    settings.SEND_NETWORKS = ["192.168.0.0/16"]
    with pytest.raises(NotAllowedThere):
        checked_address("10.1.2.3", 80)
