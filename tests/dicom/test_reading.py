"""Bad input is refused one by one with a reason; the rest is kept."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from analysis.dicom import read_objects
from analysis.dicom.limits import MIB, Limits
from analysis.dicom.refusals import REASONS

from . import make


def only_code(path: Path, **options: object) -> str:
    objects, refusals = read_objects([path], **options)
    assert objects == []
    assert len(refusals) == 1
    assert refusals[0].message.startswith(REASONS[refusals[0].code])
    return refusals[0].code


def written(tmp_path: Path, data: bytes, name: str = "one.dcm") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def test_a_zero_byte_file_is_refused(tmp_path: Path) -> None:
    assert only_code(written(tmp_path, b"")) == "empty"


def test_a_text_file_is_refused(tmp_path: Path) -> None:
    assert only_code(written(tmp_path, b"Dear colleague, " * 40)) == "not-dicom"


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_truncated_object_is_refused(tmp_path: Path, kept: float) -> None:
    data = make.to_bytes(make.image())
    assert only_code(written(tmp_path, data[: int(len(data) * kept)])) == "truncated"


def test_a_truncated_compressed_object_is_refused(tmp_path: Path) -> None:
    ds = make.image()
    ds.compress("1.2.840.10008.1.2.5", generate_instance_uid=False)
    data = make.to_bytes(ds)
    assert only_code(written(tmp_path, data[:-20])) == "truncated"


def test_an_object_with_encrypted_attributes_is_refused(tmp_path: Path) -> None:
    ds = make.image()
    ds.EncryptedAttributesSequence = Sequence([Dataset()])
    assert only_code(written(tmp_path, make.to_bytes(ds))) == "encrypted"


def test_a_securely_wrapped_file_is_refused_as_encrypted(tmp_path: Path) -> None:
    enveloped = bytes.fromhex("3082010006092a864886f70d010703") + b"\0" * 200
    assert only_code(written(tmp_path, enveloped)) == "encrypted"


def test_another_modality_is_refused_by_its_name(tmp_path: Path) -> None:
    path = written(tmp_path, make.to_bytes(make.image(Modality="CT")))
    _, refusals = read_objects([path])
    assert refusals[0].code == "wrong-modality"
    assert "CT" in refusals[0].message


def test_an_object_that_is_no_image_is_refused(tmp_path: Path) -> None:
    ds = make.image(sop_class="1.2.840.10008.5.1.4.1.1.4.2")
    assert only_code(written(tmp_path, make.to_bytes(ds))) == "wrong-object"


@pytest.mark.parametrize("rows", [0, 65535])
def test_absurd_dimensions_are_refused(tmp_path: Path, rows: int) -> None:
    ds = make.image()
    ds.Rows, ds.Columns = rows, 65535
    assert only_code(written(tmp_path, make.to_bytes(ds))) == "bad-dimensions"


def test_negative_dimensions_are_refused(tmp_path: Path) -> None:
    ds = make.image(x00280010=(-16, "SS"), x00280011=(-12, "SS"))
    assert only_code(written(tmp_path, make.to_bytes(ds))) == "bad-dimensions"


@pytest.mark.parametrize("count", ["-3", "0", "900000"])
def test_an_absurd_number_of_frames_is_refused(tmp_path: Path, count: str) -> None:
    ds = make.image(NumberOfFrames=count)
    assert only_code(written(tmp_path, make.to_bytes(ds))) == "bad-dimensions"


def test_less_pixel_data_than_declared_is_refused(tmp_path: Path) -> None:
    ds = make.image()
    ds.Rows = 200
    assert only_code(written(tmp_path, make.to_bytes(ds))) == "bad-dimensions"


def test_an_object_without_pixels_is_refused(tmp_path: Path) -> None:
    ds = make.image()
    del ds.PixelData
    assert only_code(written(tmp_path, make.to_bytes(ds))) == "truncated"


def test_an_object_without_series_uid_is_refused(tmp_path: Path) -> None:
    assert only_code(written(tmp_path, make.to_bytes(make.image(SeriesInstanceUID=None)))) == (
        "no-identity"
    )


def test_a_video_syntax_is_refused(tmp_path: Path) -> None:
    data = make.to_bytes(make.image())
    known, video = b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.4\0"
    assert only_code(written(tmp_path, data.replace(known, video, 1))) == "bad-compression"


def test_a_deflated_object_is_read_and_a_deflated_bomb_is_not(tmp_path: Path) -> None:
    ds = make.image(syntax=DeflatedExplicitVRLittleEndian)
    path = written(tmp_path, make.to_bytes(ds))
    objects, refusals = read_objects([path])
    assert (len(objects), refusals) == (1, [])
    assert only_code(path, limits=Limits(object_bytes=600)) == "too-large"


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_other_native_syntaxes_are_read(tmp_path: Path, syntax: str) -> None:
    ds = make.image(syntax=syntax)
    ds.set_original_encoding(syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian)
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    objects, refusals = read_objects([written(tmp_path, buffer.getvalue())])
    assert (len(objects), refusals) == (1, [])


def test_an_object_without_preamble_is_read(tmp_path: Path) -> None:
    ds = make.image(syntax=ImplicitVRLittleEndian)
    bare = Dataset(ds)
    buffer = io.BytesIO()
    bare.save_as(buffer, implicit_vr=True, little_endian=True)
    objects, refusals = read_objects([written(tmp_path, buffer.getvalue())])
    assert (len(objects), refusals) == (1, [])


def test_a_folder_is_read_in_the_order_of_names_and_the_rest_is_kept(tmp_path: Path) -> None:
    make.write(tmp_path / "exam", make.first_pass("perf", frames=3))
    (tmp_path / "exam" / "notes.txt").write_text("hello")
    (tmp_path / "exam" / "zero").touch()
    objects, refusals = read_objects([tmp_path / "exam"])
    assert [o.facts.instance_number for o in objects] == [1, 2, 3]
    assert {r.where: r.code for r in refusals} == {
        "exam/notes.txt": "not-dicom",
        "exam/zero": "empty",
    }


def test_a_pipe_and_a_missing_path_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    _, refusals = read_objects([tmp_path, tmp_path / "nowhere"])
    assert sorted(r.code for r in refusals) == ["missing", "unreadable"]


def test_the_same_object_twice_is_used_once_and_other_content_is_set_aside(tmp_path: Path) -> None:
    ds, other = make.image(), make.image(PatientID="P2")
    make.write(tmp_path / "x", [ds, ds, other])
    objects, refusals = read_objects([tmp_path / "x"])
    assert len(objects) == 1
    assert [r.code for r in refusals] == ["duplicate", "conflict"]


class TestZips:
    def zipped(self, tmp_path: Path, members: dict[str, bytes], name: str = "exam.zip") -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, data in members.items():
                archive.writestr(member, data)
        return path

    def test_members_and_one_level_of_nesting_are_read(self, tmp_path: Path) -> None:
        data = [make.to_bytes(ds) for ds in make.first_pass("perf", frames=3)]
        inner = self.zipped(tmp_path, {"c.dcm": data[2]}, "inner.zip").read_bytes()
        deep = self.zipped(tmp_path, {"inner.zip": inner}, "deep.zip").read_bytes()
        path = self.zipped(
            tmp_path,
            {"a.dcm": data[0], "sub/b.dcm": data[1], "inner.zip": inner, "deep.zip": deep},
        )
        objects, refusals = read_objects([path])
        assert [o.where for o in objects] == [
            "exam.zip!/a.dcm",
            "exam.zip!/sub/b.dcm",
            "exam.zip!/inner.zip!/c.dcm",
        ]
        assert [r.code for r in refusals] == ["zip-nested"]
        with objects[2].source.open() as file:
            assert file.read() == data[2]

    @pytest.mark.parametrize("name", ["../evil.dcm", "/etc/evil.dcm", "C:\\evil.dcm", "a/../../b"])
    def test_a_member_outside_the_archive_is_refused(self, tmp_path: Path, name: str) -> None:
        path = self.zipped(tmp_path, {name: make.to_bytes(make.image())})
        assert only_code(path) == "zip-path"
        assert [p.name for p in tmp_path.iterdir()] == ["exam.zip"]

    def test_a_bomb_is_refused_and_its_neighbour_is_kept(self, tmp_path: Path) -> None:
        good = make.to_bytes(make.image())
        path = self.zipped(tmp_path, {"bomb.dcm": bytes(32 * MIB), "good.dcm": good})
        objects, refusals = read_objects([path])
        assert [o.where for o in objects] == ["exam.zip!/good.dcm"]
        assert [r.code for r in refusals] == ["zip-bomb"]

    def test_more_than_the_limits_allow_is_refused(self, tmp_path: Path) -> None:
        data = make.to_bytes(make.image())
        path = self.zipped(tmp_path, {f"{i}.dcm": data + bytes([i]) for i in range(5)})
        assert only_code(path, limits=Limits(zip_members=4)) == "zip-too-many"
        _, refusals = read_objects([path], limits=Limits(zip_bytes=2 * len(data)))
        assert refusals[-1].code == "zip-too-large"
        _, refusals = read_objects([path], limits=Limits(files=2))
        assert refusals[-1].code == "too-many-files"

    def test_an_encrypted_member_is_refused(self, tmp_path: Path) -> None:
        path = self.zipped(tmp_path, {"a.dcm": make.to_bytes(make.image())})
        data = bytearray(path.read_bytes())
        for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            data[data.index(magic) + offset] |= 1
        path.write_bytes(data)
        assert only_code(path) == "zip-encrypted"

    def test_damaged_zips_are_refused(self, tmp_path: Path) -> None:
        whole = self.zipped(tmp_path, {"a.dcm": make.to_bytes(make.image())}).read_bytes()
        assert only_code(written(tmp_path, whole[: len(whole) // 2], "half.zip")) == "zip-damaged"
        spoiled = bytearray(whole)
        spoiled[60:90] = b"\xff" * 30
        assert only_code(written(tmp_path, bytes(spoiled), "spoiled.zip")) == "zip-damaged"

    def test_a_huge_table_of_contents_is_refused_before_it_is_read(self, tmp_path: Path) -> None:
        whole = self.zipped(tmp_path, {"a.dcm": b"x"}).read_bytes()
        end = whole.rindex(b"PK\x05\x06")
        faked = whole[: end + 12] + struct.pack("<L", 0x7FFFFFFF) + whole[end + 16 :]
        assert only_code(written(tmp_path, faked, "faked.zip")) == "zip-too-many"
