"""Objects are checked, deduplicated, indexed and kept; conflicts are set aside; nothing is lost."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pydicom.dataset import Dataset

from analysis.dicom.reading import walk
from qperfweb.core.errors import Conflict, Invalid
from qperfweb.studies import storage
from qperfweb.studies.identity import open_identity
from qperfweb.studies.intake import batch_begin, batch_finish, receive_all
from qperfweb.studies.models import (
    Instance,
    IntakeBatch,
    IntakeProblem,
    IntakeSource,
    Patient,
    Series,
    Study,
)
from qperfweb.studies.outcomes import Outcome
from qperfweb.studies.problems import problem_resolve
from qperfweb.studies.signals import study_received
from qperfweb.studies.storage import object_path
from tests.dicom import make


@pytest.fixture
def batch(in_site: Any) -> IntakeBatch:
    return batch_begin(in_site, IntakeSource.COMMAND)


def sent(batch: IntakeBatch, tmp_path: Path, objects: list[Dataset]) -> list[Outcome]:
    folder = make.write(tmp_path / "in", objects)
    outcomes = receive_all(batch, walk([folder]))
    for path in folder.iterdir():
        path.unlink()
    return outcomes


def test_objects_are_indexed_and_kept_under_their_hash(
    batch: IntakeBatch, tmp_path: Path, in_site: Any
) -> None:
    outcomes = sent(batch, tmp_path, make.first_pass("perf rest", frames=5))
    assert {o.status for o in outcomes} == {"accepted"}
    study = Study.objects.get()
    assert outcomes[0].study_id == study.pk
    assert study.site_id == in_site.pk
    assert str(study.study_date) == "2026-01-02"
    assert open_identity(study.patient.identity).name == "Test^Person"
    assert Series.objects.get().description == "perf rest"
    instance = Instance.objects.order_by("instance_number").first()
    assert instance is not None
    assert object_path(instance.sha256).stat().st_size == instance.size_bytes
    assert "Person" not in str(instance.facts)


def test_nothing_stays_in_the_staging_folder(
    batch: IntakeBatch, tmp_path: Path, settings: Any
) -> None:
    sent(batch, tmp_path, [*make.first_pass("perf", frames=2), make.image(Modality="CT", number=9)])
    assert list((settings.STORE_DIR / "tmp").iterdir()) == []


def test_the_same_object_again_changes_nothing(batch: IntakeBatch, tmp_path: Path) -> None:
    sent(batch, tmp_path, make.first_pass("perf", frames=2))
    (outcome,) = sent(batch, tmp_path, make.first_pass("perf", frames=1))
    assert outcome.status == "duplicate"
    assert outcome.study_id == Study.objects.get().pk
    assert Instance.objects.count() == 2
    batch.refresh_from_db()
    assert (batch.accepted, batch.duplicates) == (2, 1)


def test_an_object_whose_file_was_lost_comes_back_when_it_is_sent_again(
    batch: IntakeBatch, tmp_path: Path
) -> None:
    sent(batch, tmp_path, [make.image()])
    path = object_path(Instance.objects.get().sha256)
    path.unlink()
    (outcome,) = sent(batch, tmp_path, [make.image()])
    assert outcome.status == "duplicate"
    assert path.exists()


def test_the_same_uid_with_other_content_is_set_aside_with_its_bytes(
    batch: IntakeBatch, tmp_path: Path
) -> None:
    sent(batch, tmp_path, [make.image()])
    (outcome,) = sent(batch, tmp_path, [make.image(SeriesDescription="changed")])
    assert (outcome.status, outcome.code) == ("set_aside", "uid-reused")
    problem = IntakeProblem.objects.get()
    assert object_path(problem.sha256).exists()
    assert problem.study == Study.objects.get()
    assert Instance.objects.count() == 1


def test_both_contents_of_one_uid_in_one_delivery_are_told_apart(
    batch: IntakeBatch, tmp_path: Path
) -> None:
    outcomes = sent(batch, tmp_path, [make.image(), make.image(), make.image(StudyID="other")])
    assert [o.status for o in outcomes] == ["accepted", "duplicate", "set_aside"]


@pytest.mark.parametrize(
    ("changed", "fact"),
    [
        ({"PatientName": "Somebody^Else"}, "name"),
        ({"PatientBirthDate": "19800101"}, "birth date"),
        ({"PatientSex": "M"}, "sex"),
    ],
)
def test_the_same_patient_id_with_another_identity_is_set_aside(
    batch: IntakeBatch, tmp_path: Path, changed: dict[str, str], fact: str
) -> None:
    sent(batch, tmp_path, [make.image()])
    (outcome,) = sent(batch, tmp_path, [make.image(study=make.uid("two"), **changed)])
    assert (outcome.status, outcome.code) == ("set_aside", "identity-conflict")
    assert fact in outcome.message
    assert Study.objects.count() == Patient.objects.count() == 1


def test_spelling_and_missing_facts_are_no_conflict(batch: IntakeBatch, tmp_path: Path) -> None:
    sent(batch, tmp_path, [make.image()])
    (outcome,) = sent(
        batch,
        tmp_path,
        [make.image(study=make.uid("two"), PatientName="TEST^PERSON", PatientSex=None)],
    )
    assert outcome.status == "accepted"
    assert Patient.objects.count() == 1


def test_one_study_under_two_patients_is_set_aside(batch: IntakeBatch, tmp_path: Path) -> None:
    sent(batch, tmp_path, [make.image()])
    (outcome,) = sent(batch, tmp_path, [make.image(number=2, PatientID="P2")])
    assert (outcome.status, outcome.code) == ("set_aside", "study-of-another-patient")


def test_objects_without_a_patient_id_are_never_merged_across_studies(
    batch: IntakeBatch, tmp_path: Path
) -> None:
    outcomes = sent(
        batch,
        tmp_path,
        [make.image(PatientID=""), make.image(PatientID="", study=make.uid("two"))],
    )
    assert {o.status for o in outcomes} == {"accepted"}
    assert Patient.objects.count() == 2


def test_bad_files_are_refused_one_by_one_and_reported(batch: IntakeBatch, tmp_path: Path) -> None:
    folder = make.write(tmp_path / "x", make.first_pass("perf", frames=2))
    (folder / "notes.txt").write_text("hello")
    (folder / "zero").touch()
    (folder / "cut.dcm").write_bytes(make.to_bytes(make.image(number=7))[:-50])
    outcomes = receive_all(batch, walk([folder]))
    assert sorted(o.status for o in outcomes) == ["accepted"] * 2 + ["refused"] * 3
    rows = IntakeProblem.objects.order_by("code").values_list("code", "file_name")
    assert list(rows) == [
        ("empty", "x/zero"),
        ("not-dicom", "x/notes.txt"),
        ("truncated", "x/cut.dcm"),
    ]


def test_text_that_a_database_refuses_is_cleaned(batch: IntakeBatch, tmp_path: Path) -> None:
    ds = make.image(SeriesDescription="a\x00b\x07c", PatientName="Nul^\x00", PatientID="x" * 200)
    (outcome,) = sent(batch, tmp_path, [ds])
    assert outcome.status == "accepted"


def test_a_finished_delivery_is_classified_and_announced(
    batch: IntakeBatch, tmp_path: Path
) -> None:
    heard: list[bool] = []

    def listen(sender: Any, settle_now: bool, **_: Any) -> None:
        heard.append(settle_now)

    study_received.connect(listen, weak=False)
    try:
        outcomes = sent(batch, tmp_path, make.dual_sequence("stress", start_s=36_000))
        batch_finish(batch, {o.study_id for o in outcomes if o.study_id})
    finally:
        study_received.disconnect(listen)
    assert heard[-1] is True
    assert set(heard[:-1]) == {False}
    study = Study.objects.get()
    assert (study.conditions, study.sequence_class) == (["stress"], "dual")
    assert study.field_strength_t == 1.5
    kinds = sorted(s.classification["kind"] for s in Series.objects.all())
    assert kinds == ["aif", "perfusion", "perfusion", "perfusion"]


def test_another_site_keeps_its_own_rows_of_the_same_object(
    batch: IntakeBatch, tmp_path: Path, other_site: Any, in_site: Any
) -> None:
    from qperfweb.core.rls import site_scope

    sent(batch, tmp_path, [make.image()])
    with site_scope([other_site.pk]):
        elsewhere = batch_begin(other_site, IntakeSource.COMMAND)
        (outcome,) = sent(elsewhere, tmp_path, [make.image()])
        assert outcome.status == "accepted"
        assert Study.objects.count() == 1
    assert Study.objects.get().site_id == in_site.pk


class TestDecisions:
    @pytest.fixture
    def problem(self, batch: IntakeBatch, tmp_path: Path) -> IntakeProblem:
        sent(batch, tmp_path, [make.image()])
        sent(batch, tmp_path, [make.image(number=2, PatientName="Somebody^Else")])
        return IntakeProblem.objects.get()

    def test_an_object_can_be_taken_in_after_all(
        self, problem: IntakeProblem, user_of: Any, in_site: Any
    ) -> None:
        user = user_of("technologist", in_site)
        problem_resolve(problem, user=user, resolution="take", reason="married")
        assert Instance.objects.count() == 2
        with pytest.raises(Conflict):
            problem_resolve(problem, user=user, resolution="leave", reason="again")

    def test_an_object_can_be_left_out(
        self, problem: IntakeProblem, user_of: Any, in_site: Any
    ) -> None:
        user = user_of("technologist", in_site)
        with pytest.raises(Invalid):
            problem_resolve(problem, user=user, resolution="leave", reason=" ")
        problem_resolve(problem, user=user, resolution="leave", reason="wrong patient")
        assert Instance.objects.count() == 1
        problem.refresh_from_db()
        assert (problem.resolution, problem.resolved_by) == ("leave", user)

    def test_what_came_first_under_a_uid_is_never_replaced(
        self, batch: IntakeBatch, tmp_path: Path, user_of: Any, in_site: Any
    ) -> None:
        sent(batch, tmp_path, [make.image()])
        sent(batch, tmp_path, [make.image(StudyID="changed")])
        user = user_of("technologist", in_site)
        with pytest.raises(Invalid, match="never replaced"):
            problem_resolve(
                IntakeProblem.objects.get(), user=user, resolution="take", reason="newer"
            )


class TestCommand:
    def test_folders_are_imported_with_a_report(
        self, in_site: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        folder = make.write(tmp_path / "exam", make.first_pass("perf rest", frames=14))
        (folder / "notes.txt").write_text("hello")
        call_command("import_dicom", str(folder), site="north")
        out, err = capsys.readouterr()
        assert out.startswith("14 imported, 1 refused")
        assert "exam/notes.txt: This is not a DICOM file" in err
        assert Study.objects.get().conditions == ["rest"]

    def test_nothing_usable_is_an_error(self, in_site: Any, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("hello")
        with pytest.raises(CommandError, match="Nothing could be imported"):
            call_command("import_dicom", str(tmp_path), site="north")

    def test_an_unknown_site_or_path_is_a_clear_error(self, in_site: Any, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="there are: north"):
            call_command("import_dicom", str(tmp_path), site="east")
        with pytest.raises(CommandError, match="no file or folder"):
            call_command("import_dicom", str(tmp_path / "x"), site="north")


def test_names_that_a_database_refuses_are_reported_all_the_same(
    batch: IntakeBatch, tmp_path: Path
) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/bad\xff name\x01.txt")).write_text("hello")
    (outcome,) = receive_all(batch, walk([folder]))
    assert outcome.status == "refused"
    assert "bad" in IntakeProblem.objects.get().file_name


def test_a_full_disk_is_said_in_words(
    in_site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(chunks: Any) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(storage, "stage", full)
    folder = make.write(tmp_path / "exam", [make.image()])
    with pytest.raises(CommandError, match="no disk space"):
        call_command("import_dicom", str(folder), site="north")
