"""Opening, editing, taking back and signing a reading."""

from __future__ import annotations

import time

import pytest
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
)
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction

from qperfweb.core.errors import Conflict, Invalid, NotAllowed
from qperfweb.reviews.confirmation import confirm_identity
from qperfweb.reviews.models import Reading
from qperfweb.reviews.queries import content_of, newest_revision
from qperfweb.reviews.services import reading_edit, reading_open
from qperfweb.reviews.signing import addendum_add
from qperfweb.reviews.verify import verify_reading
from tests.reading import PASSWORD, acknowledge, contour, edit, override, proof, sign
from tests.runs.examples import CONTOURS


def test_opening_twice_gives_the_same_draft(run, reader, reading):
    assert reading_open(run.study, reader).pk == reading.pk
    assert reading.segments.count() == 32


def test_a_typed_value_counts_and_the_automated_one_stays(reading, reader):
    edited = edit(reading, reader, override(1.5))
    row = edited.segments.get(condition="stress", segment=4)
    assert row.final_value == 1.5
    assert row.automated_value == pytest.approx(2.4)
    assert row.source == "typed"
    assert row.final_standard_error is None
    assert row.set_at_revision == edited.revision


@pytest.mark.parametrize("value", [-0.1, 16.0, float("nan"), "2", True, None])
def test_a_value_that_cannot_be_is_refused(reading, reader, value):
    with pytest.raises(Invalid):
        edit(reading, reader, override(value))


def test_a_typed_value_needs_a_reason(reading, reader):
    with pytest.raises(Invalid, match="reason"):
        edit(reading, reader, override(1.5, reason=" "))


def test_an_override_survives_a_contour_edit(reading, reader):
    edited = edit(reading, reader, override(1.5, segment=7))
    edited = edit(edited, reader, contour("stress_mid"))
    row = edited.segments.get(condition="stress", segment=7)
    assert (row.final_value, row.source) == (1.5, "typed")
    assert edited.segments.get(condition="stress", segment=8).source == "contour"


def test_the_same_contour_gives_bit_identical_numbers(reading, reader):
    before = dict(reading.segments.values_list("id", "automated_value"))
    same = contour("stress_mid", 15.0)
    same["contours"]["rv_insertion_inferior_rc"] = list(CONTOURS.rv_insertion_inferior_rc)
    edited = edit(reading, reader, same)
    rows = edited.segments.filter(condition="stress", segment__in=range(7, 13))
    assert before
    for row in rows:
        assert row.contour_value == row.automated_value
        assert row.source == "contour"


def test_undo_and_redo_walk_through_the_contents(reading, reader):
    one = edit(reading, reader, override(1.5))
    two = edit(one, reader, override(1.6))
    back = edit(two, reader, {"kind": "undo"})
    assert content_of(newest_revision(back))["overrides"]["stress"]["4"]["value"] == 1.5
    back = edit(back, reader, {"kind": "undo"})
    assert content_of(newest_revision(back))["overrides"] == {}
    with pytest.raises(Invalid):
        edit(back, reader, {"kind": "undo"})
    forward = edit(edit(back, reader, {"kind": "redo"}), reader, {"kind": "redo"})
    assert content_of(newest_revision(forward))["overrides"]["stress"]["4"]["value"] == 1.6
    assert forward.revisions.count() == forward.revision == 7


def test_an_edit_on_an_old_revision_is_a_conflict_that_names_the_other(reading, reader):
    edit(reading, reader, override(1.5))
    with pytest.raises(Conflict) as caught:
        reading_edit(reading, reader, {"base_revision": 1, **override(1.7)})
    assert caught.value.detail == {"current_revision": 2, "author": reader.display_name}


def test_another_reader_cannot_edit_a_draft(reading, user_of, in_site):
    with pytest.raises(NotAllowed):
        edit(reading, user_of("reader", in_site), override(1.5))


def test_contours_outside_the_image_are_refused(reading, reader):
    with pytest.raises(Invalid, match="leaves the image"):
        edit(reading, reader, contour(radius=60.0))


def test_open_checks_block_signing(reading, reader):
    with pytest.raises(Conflict) as caught:
        sign(reading, reader)
    assert caught.value.code == "open_checks"
    assert caught.value.detail == ["stress_mid:check-contour"]


def test_an_edited_contour_answers_the_doubt_about_its_slice(reading, reader):
    sign(edit(reading, reader, contour("stress_mid")), reader)


def test_only_the_right_password_confirms(reader, rf):
    assert confirm_identity(reader, PASSWORD, rf.post("/")) == proof(reader)
    assert confirm_identity(reader, "something else", rf.post("/")) is None


def test_the_code_of_an_authenticator_app_confirms_too_once(reader, rf):
    cache.clear()
    secret = generate_totp_secret()
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    assert confirm_identity(reader, code, rf.post("/")) is None
    TOTP.activate(reader, secret)
    assert confirm_identity(reader, "000000", rf.post("/")) is None
    confirmed = confirm_identity(reader, code, rf.post("/"))
    assert (confirmed.user_id, confirmed.method) == (reader.pk, "authenticator")
    assert confirm_identity(reader, code, rf.post("/")) is None


def test_somebody_elses_confirmation_does_not_sign(reading, reader, user_of, in_site):
    ready = acknowledge(reading, reader)
    with pytest.raises(NotAllowed):
        sign(ready, reader, confirmation=proof(user_of("reader", in_site)))
    assert Reading.objects.get(pk=ready.pk).state == "draft"


def test_a_signed_reading_verifies_and_refuses_an_edit(reading, reader):
    ready = acknowledge(edit(reading, reader, override(1.5)), reader)
    sign(ready, reader)
    signed = Reading.objects.get(pk=ready.pk)
    assert verify_reading(signed) == []
    with pytest.raises(Conflict):
        edit(signed, reader, override(1.7))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE reviews_reading SET revision = 99",
        "DELETE FROM reviews_reading",
        "UPDATE reviews_readingsegment SET final_value = 9",
        "DELETE FROM reviews_readingsegment",
        "UPDATE reviews_signature SET signer_name = 'x'",
        "UPDATE reviews_readingrevision SET state = '{}'",
        "TRUNCATE reviews_addendum",
    ],
)
@pytest.mark.parametrize("role", ["qperf_web", "qperf_owner"])
def test_the_database_itself_refuses_to_change_what_is_signed(
    reading, reader, as_owner, statement, role
):
    sign(acknowledge(reading, reader), reader)
    with pytest.raises(DatabaseError), transaction.atomic():
        if role == "qperf_owner":
            with as_owner(), connection.cursor() as cursor:
                cursor.execute(statement)
        else:
            with connection.cursor() as cursor:
                cursor.execute(statement)


def test_a_damaged_array_is_found_by_verification(reading, reader, settings):
    sign(acknowledge(reading, reader), reader)
    path = next(settings.STORE_DIR.glob("bundles/*/*/stress_mid.mbf.npy"))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-4] + b"\0\0\0\0")
    problems = verify_reading(Reading.objects.get(pk=reading.pk))
    assert problems == ["The stored array stress_mid.mbf differs from its checksum."]


def test_an_addendum_follows_a_signature_and_only_that(reading, reader):
    with pytest.raises(Conflict):
        addendum_add(reading, reader, text="More", confirmation=proof(reader))
    sign(acknowledge(reading, reader), reader)
    assert addendum_add(reading, reader, text="More", confirmation=proof(reader)).number == 1
    with pytest.raises(Invalid):
        addendum_add(reading, reader, text="  ", confirmation=proof(reader))
