"""``verify_reading``: whatever was changed in a signed reading is named."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from qperfweb.core import audit
from qperfweb.reviews.models import Reading
from qperfweb.reviews.signing import addendum_add
from qperfweb.reviews.verify import verify_reading
from tests.reading import acknowledge, contour, edit, override, proof, sign


@pytest.fixture
def signed(reading, reader):
    edit(reading, reader, contour("stress_mid"))
    reading.refresh_from_db()
    edit(reading, reader, override(1.5))
    reading.refresh_from_db()
    sign(acknowledge(reading, reader), reader)
    found = Reading.objects.get(pk=reading.pk)
    assert verify_reading(found) == []
    return found


@pytest.fixture
def tamper(as_owner, signed):
    """Do what only the owner of the tables can, with the protection switched off."""

    def change(table: str, assignment: str, trigger: str, where: str = "true") -> Reading:
        with as_owner(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
            cursor.execute(f"UPDATE {table} SET {assignment} WHERE {where}")
            assert cursor.rowcount >= 1
        return Reading.objects.get(pk=signed.pk)

    return change


def only(reading: Reading) -> str:
    (problem,) = verify_reading(reading)
    return problem


def test_a_changed_value_is_named_with_before_and_after(tamper):
    changed = tamper("reviews_readingsegment", "final_value = 9", "signed_stays", "segment = 4")
    problems = verify_reading(changed)
    assert any("final_value was 1.5, is 9" in problem for problem in problems)
    assert all("in the final values" in problem for problem in problems)


def test_a_moved_contour_point_is_named(tamper):
    point = "{content,contours,stress_mid,epi_rc,0,0}"
    changed = tamper(
        "reviews_readingrevision",
        f"state = jsonb_set(state::jsonb, '{point}', '3.25')",
        "append_only",
    )
    assert "content.contours.stress_mid.epi_rc[0][0]" in only(changed)
    assert "in what the reader entered" in only(changed)


@pytest.mark.parametrize(
    ("assignment", "says"),
    [
        ("signer_name = 'Somebody Else'", "signature.signer_name"),
        ("meaning = 'approval'", "signature.meaning"),
        ("signed_at = signed_at - interval '1 day'", "another signer or time"),
        ("document = document || ' '::bytea", "does not match its hash"),
    ],
)
def test_a_changed_signature_is_named(tamper, assignment, says):
    problems = verify_reading(tamper("reviews_signature", assignment, "append_only"))
    assert any(says in problem for problem in problems), problems


def test_a_signature_forged_with_its_hash_is_not_in_the_trail(tamper, signed):
    changed = tamper(
        "reviews_signature", "document = '{}', sha256 = encode(sha256('{}'), 'hex')", "append_only"
    )
    assert "The trail knows no signature with this hash." in verify_reading(changed)


def test_a_changed_version_of_the_analysis_is_named(tamper):
    changed = tamper("runs_analysisrun", "pipeline_version = '9.9'", "ended_runs_stay")
    assert "run.pipeline_version was" in only(changed)
    assert "in the analysis and its versions" in only(changed)


def test_a_reading_whose_mark_was_taken_away_is_named(tamper):
    changed = tamper(
        "reviews_reading",
        "state = 'draft', signed_at = NULL, signed_by_id = NULL",
        "signed_stays",
    )
    assert "The reading has a signature but is not marked signed." in verify_reading(changed)


def test_a_changed_addendum_is_named(tamper, signed, reader):
    addendum_add(signed, reader, text="Seen again.", confirmation=proof(reader))
    assert verify_reading(signed) == []
    changed = tamper("reviews_addendum", "text = 'Seen otherwise.'", "append_only")
    assert only(changed) == "Addendum 1 was changed."


def test_the_command_checks_one_or_all_and_fails_when_one_differs(signed, tamper, in_site):
    out, err = StringIO(), StringIO()
    call_command("verify_reading", stdout=out)
    assert "checked: 1 signed readings" in out.getvalue()
    assert "as they were signed" in out.getvalue()
    call_command("verify_reading", str(signed.pk), stdout=out)
    assert f"as signed by {signed.signed_by.display_name}" in out.getvalue()
    assert "I am the author of this reading, confirmed by password" in out.getvalue()
    with pytest.raises(CommandError, match="no signed reading 999"):
        call_command("verify_reading", "999", stdout=out)
    tamper("runs_analysisrun", "pipeline_version = '9.9'", "ended_runs_stay")
    with pytest.raises(SystemExit) as ended:
        call_command("verify_reading", stdout=out, stderr=err)
    assert ended.value.code == 1
    assert f"reading {signed.pk}: Changed since it was signed" in err.getvalue()


def test_a_renamed_and_closed_person_leaves_the_signature_as_it_was(signed, reader):
    name = reader.display_name
    reader.full_name, reader.is_active = "Another Name", False
    reader.save()
    found = Reading.objects.get(pk=signed.pk)
    assert found.signatures.get().signer_name == name
    assert verify_reading(found) == []
    assert audit.record(reader, "test.written").actor_name == reader.username


def test_an_account_that_signed_cannot_be_deleted(signed, reader, as_owner):
    from django.db.models import ProtectedError

    with pytest.raises(ProtectedError):
        reader.delete()
