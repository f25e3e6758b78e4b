"""Nobody can be recognised in what leaves: private attributes, nested sequences, dates, UIDs."""

from __future__ import annotations

import io
from datetime import date

import pydicom
import pytest
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from qperfweb.privacy.deidentification.descriptions import cleaned_words, words_of
from qperfweb.privacy.deidentification.engine import (
    NotClean,
    Person,
    deidentify,
    may_have_burned_in_text,
    new_uid,
    residues,
)
from qperfweb.privacy.deidentification.profile import Option, Profile, _actions
from tests.dicom import make

PERSON = Person(
    name="QP-1", shift_days=-400, key=b"secret", known=("Müller^Anna", "4711-X", "ACC99")
)
BASIC = Profile()


@pytest.fixture
def image() -> Dataset:
    """An image that names its patient in every way that scanners do."""
    one = make.image(PatientName="Müller^Anna", PatientID="4711-X", PatientBirthDate="19600201")
    one.SpecificCharacterSet = "ISO_IR 192"
    one.AccessionNumber = "ACC99"
    one.StudyDate, one.StudyTime = "20260301", "101500"
    one.AcquisitionDateTime = "20260301101501.5"
    one.SeriesDescription = "perf stress Müller basal 4711"
    one.ReferringPhysicianName = "House^Gregory"
    one.OperatorsName = "Smith^Sam"
    one.DeviceSerialNumber = "SN1"
    one.InstitutionName = "North Hospital"
    one.PatientAge = "066Y"
    one.PatientWeight = 70
    block = one.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    block.add_new(0x10, "OB", b"tPatientName = Mueller Anna; 4711-X")
    odd = one.private_block(0x0099, "HIDDEN", create=True)
    odd.add_new(0x01, "LO", "Anna Müller")
    inner = Dataset()
    inner.PatientName = "Müller^Anna"
    inner.private_block(0x0099, "HIDDEN", create=True).add_new(0x02, "LO", "4711-X")
    inner.ReferencedSOPInstanceUID = "1.2.3.99"
    inner.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    odd.add_new(0x03, "SQ", Sequence([inner]))
    nested = Dataset()
    nested.ReferencedSOPInstanceUID = "1.2.3.99"
    nested.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    nested.PersonName = "Müller^Anna"
    nested.private_block(0x0099, "HIDDEN", create=True).add_new(0x02, "LO", "4711-X")
    one.ReferencedImageSequence = Sequence([nested])
    one.OriginalAttributesSequence = Sequence([inner])
    scale = one.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
    scale.add_new(0x0E, "FL", 0.0125)
    scale.add_new(0x44, "LO", "Anna")
    one.add_new(0x60004000, "LT", "Müller")
    return one


def written(dataset: Dataset) -> bytes:
    stream = io.BytesIO()
    dataset.save_as(stream)
    return stream.getvalue()


def test_nothing_of_the_patient_is_left_anywhere_in_the_file(image):
    cleaned = written(deidentify(image, PERSON, BASIC))
    for word in ("ller", "Anna", "4711", "ACC99", "House", "Smith", "SN1", "North Hospital"):
        assert word.encode() not in cleaned, word
    found = pydicom.dcmread(io.BytesIO(cleaned))
    assert (found.PatientName, found.PatientID, found.PatientIdentityRemoved) == (
        "QP-1",
        "QP-1",
        "YES",
    )
    assert found.PatientBirthDate == ""
    assert "PatientAge" not in found
    codes = {item.CodeValue for item in found.DeidentificationMethodCodeSequence}
    assert {"113100", "113105", "113107"} <= codes


def test_private_attributes_go_but_for_the_numbers_that_pixels_need(image):
    cleaned = deidentify(image, PERSON, BASIC)
    private = [(e.tag, e.value) for e in cleaned.iterall() if e.tag.is_private]
    assert [value for _, value in private] == ["Philips MR Imaging DD 001", 0.0125]


def test_the_scale_of_multi_frame_objects_stays_and_nothing_beside_it():
    frame = Dataset()
    item = Dataset()
    scale = item.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
    scale.add_new(0x0E, "FL", 0.0125)
    scale.add_new(0x44, "LO", "Anna")
    item.PatientComments = "Anna"
    frame.private_block(0x2005, "Philips MR Imaging DD 005", create=True).add_new(
        0x0F, "SQ", Sequence([item])
    )
    one = make.image()
    one.PerFrameFunctionalGroupsSequence = Sequence([frame])
    cleaned = deidentify(one, PERSON, BASIC)
    assert b"Anna" not in written(cleaned)
    assert [e.value for e in cleaned.iterall() if e.VR == "FL"] == [0.0125]


def test_dates_move_together_and_times_stay(image):
    cleaned = deidentify(image, PERSON, BASIC)
    assert cleaned.StudyDate == f"{date.fromordinal(date(2026, 3, 1).toordinal() - 400):%Y%m%d}"
    assert cleaned.AcquisitionDateTime == f"{cleaned.StudyDate}101501.5"
    assert cleaned.StudyTime == "101500"


def test_uids_are_replaced_alike_everywhere_and_differently_for_each_key(image):
    study = image.StudyInstanceUID
    cleaned = deidentify(image, PERSON, BASIC)
    assert cleaned.StudyInstanceUID == new_uid(study, b"secret") != study
    assert cleaned.file_meta.MediaStorageSOPInstanceUID == cleaned.SOPInstanceUID
    nested = cleaned.ReferencedImageSequence[0]
    assert nested.ReferencedSOPInstanceUID == new_uid("1.2.3.99", b"secret")
    assert nested.ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.4"
    assert new_uid(study, b"another") != cleaned.StudyInstanceUID
    assert len(new_uid(study, b"secret")) <= 64


def test_descriptions_keep_the_words_that_the_analysis_reads(image):
    assert deidentify(image, PERSON, BASIC).SeriesDescription == "perf stress basal"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("stress_SAX_b0_dual_PERF", "stress_SAX_b0_dual_PERF"),
        ("*tfl2d1", "*tfl2d1"),
        ("Perf Belastung Müller", "Perf Belastung"),
        ("sPerf_rest 12.03.41 Dr Weber", "sPerf_rest"),
        ("Gd scale_1000 GT 4711", "Gd scale_1000 GT"),
        ("負荷 perf 1234567", "負荷 perf"),
        ("Rust perf stress", "Rust perf stress"),
    ],
)
def test_every_word_that_the_analysis_reads_stays_as_it_stood(written, kept):
    assert cleaned_words(written, words_of(("Müller^Anna",))) == kept


def test_a_word_of_the_patients_name_goes_even_where_it_means_something():
    assert cleaned_words("Rust perf stress", words_of(("Rust^Anna",))) == "perf stress"


def test_a_site_may_keep_characteristics_device_and_institution(image):
    cleaned = deidentify(image, PERSON, Profile(keep=frozenset(Option)))
    assert cleaned.PatientAge == "066Y"
    assert cleaned.DeviceSerialNumber == "SN1"
    assert cleaned.InstitutionName == "North Hospital"
    codes = {item.CodeValue for item in cleaned.DeidentificationMethodCodeSequence}
    assert {"113108", "113109", "113112"} <= codes


def test_an_object_that_still_names_the_patient_is_refused(image):
    image.ReceiveCoilName = "of anna"
    with pytest.raises(NotClean) as caught:
        deidentify(image, PERSON, BASIC)
    assert caught.value.places == ["ReceiveCoilName"]


def test_a_short_or_inner_part_of_a_word_is_no_finding():
    one = Dataset()
    one.ReceiveCoilName = "Annapurna"
    assert list(residues(one, ("Li^Anna",))) == []
    one.ReceiveCoilName = "for Anna"
    assert list(residues(one, ("Li^Anna",))) == ["ReceiveCoilName"]


def test_a_patient_who_is_called_like_a_maker_is_not_found_in_the_makers_name():
    one = Dataset()
    one.Manufacturer = "Philips Medical Systems"
    assert list(residues(one, ("Philips^Anna",))) == []


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("SOPClassUID", "1.2.840.10008.5.1.4.1.1.7"),
        ("BurnedInAnnotation", "YES"),
        ("ImageType", ["DERIVED", "SECONDARY", "SCREEN SAVE"]),
        ("SOPClassUID", "1.2.840.10008.5.1.4.1.1.104.1"),
    ],
)
def test_pixels_that_may_name_the_patient_are_warned_of(attribute, value):
    one = make.image()
    assert may_have_burned_in_text(one) == ""
    setattr(one, attribute, value)
    assert may_have_burned_in_text(one)


def test_the_table_of_the_standard_is_whole_and_names_known_attributes():
    actions = _actions()
    assert len(actions) > 600
    unknown = [tag for tag in actions if not keyword_for_tag(tag)]
    assert len(unknown) < 60  # attributes newer than pydicom's dictionary
    uids = [tag for tag, action in actions.items() if action.value == "U" and tag not in unknown]
    assert all(dictionary_VR(tag) in ("UI", "SQ", "OB") for tag in uids)
