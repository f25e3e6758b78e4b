"""Objects come in every transfer syntax that we say, by dcmtk, and go out as a client asks."""

from __future__ import annotations

import io
import shutil
import subprocess
from email.parser import BytesParser

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import generate_frames

from analysis.dicom.reading import walk
from qperfweb.core.rls import site_scope
from qperfweb.studies.intake import batch_begin, batch_finish, receive_all
from qperfweb.studies.models import Instance, IntakeBatch, IntakeSource
from qperfweb.studies.storage import object_path
from tests.dicom import make
from tests.dicom_network.conftest import wait_for
from tests.dicom_network.test_listener import called

EXPLICIT, IMPLICIT, RLE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.5"
STORED = {
    "implicit": (IMPLICIT, ["dcmconv", "+ti"], "-xi"),
    "big": ("1.2.840.10008.1.2.2", ["dcmconv", "+tb"], "-xb"),
    "deflated": ("1.2.840.10008.1.2.1.99", ["dcmconv", "+td"], "-xd"),
    "rle": (RLE, ["dcmcrle"], "-xr"),
    "jpeg-lossless": ("1.2.840.10008.1.2.4.70", ["dcmcjpeg", "+e1"], "-xs"),
    "jpeg-ls": ("1.2.840.10008.1.2.4.80", ["dcmcjpls"], "-xt"),
}
"""Transfer syntax, dcmtk's program that writes it, and storescu's option that proposes it."""

pytestmark = pytest.mark.skipif(
    shutil.which("dcmcjpeg") is None, reason="dcmcjpeg is missing: apt-get install dcmtk"
)


@pytest.fixture(scope="module")
def shades() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 4000, (64, 48)).astype(np.uint16)


@pytest.fixture(scope="module")
def files(shades, tmp_path_factory):
    """One object per transfer syntax, written by dcmtk, by name."""
    folder = tmp_path_factory.mktemp("syntaxes")
    found = {}
    for number, (name, (syntax, command, _)) in enumerate(STORED.items(), start=1):
        plain, path = folder / f"{name}.plain", folder / f"{name}.dcm"
        ds = make.image(number=number, pixels=shades, PatientComments="x" * 200)
        block = ds.private_block(0x0019, "TEST", create=True)
        block.add_new(0x10, "OW", np.arange(1000, dtype="<u2").tobytes())
        plain.write_bytes(make.to_bytes(ds))
        subprocess.run([*command, str(plain), str(path)], check=True, capture_output=True)
        assert dcmread(path).file_meta.TransferSyntaxUID == syntax
        found[name] = path
    return found


def test_storescu_sends_in_each_transfer_syntax_and_it_is_kept_as_it_came(
    listener, site, files, shades
):
    for name, path in files.items():
        assert called("storescu", listener, STORED[name][2], str(path)) == 0, name
    # Small PDUs, as an old scanner sends them.
    more = make.image(number=50, pixels=shades)
    plain = files["rle"].with_name("more.dcm")
    plain.write_bytes(make.to_bytes(more))
    assert called("storescu", listener, "--max-pdu", "4096", str(plain)) == 0

    def arrived() -> bool:
        with site_scope([site.pk]):
            done = IntakeBatch.objects.filter(finished_at__isnull=False)
            return done.count() == len(files) + 1

    wait_for(arrived)
    with site_scope([site.pk]):
        kept = [dcmread(object_path(row.sha256)) for row in Instance.objects.all()]
    assert {ds.file_meta.TransferSyntaxUID for ds in kept} == {
        EXPLICIT, *(syntax for syntax, _, _ in STORED.values())
    }  # fmt: skip
    assert all((ds.pixel_array == shades).all() for ds in kept)


@pytest.fixture
def client(client_of, in_site, files):
    batch = batch_begin(in_site, IntakeSource.COMMAND)
    outcomes = receive_all(batch, walk(list(files.values())))
    assert [one.status for one in outcomes] == ["accepted"] * len(files)
    batch_finish(batch, [], complete=False)
    return client_of("reader", in_site)


def place(name):
    number = list(STORED).index(name) + 1
    uid = make.uid(make.STUDY, "series")
    return (
        f"/dicom-web/studies/{make.STUDY}/series/{uid}"
        f"/instances/{make.uid(make.STUDY, 'series', number)}"
    )


def body(answer) -> bytes:
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def frame_of(name, files) -> bytes:
    (frame,) = generate_frames(dcmread(files[name]).PixelData, number_of_frames=1)
    return bytes(frame)


def parts(answer) -> list[tuple[str, bytes]]:
    whole = f"Content-Type: {answer['Content-Type']}\r\n\r\n".encode() + body(answer)
    message = BytesParser().parsebytes(whole)
    return [(part["Content-Type"], part.get_payload(decode=True)) for part in message.get_payload()]


@pytest.mark.parametrize("name", STORED)
def test_an_object_goes_out_in_the_syntax_that_the_client_asks_for(client, files, shades, name):
    stored, _, _ = STORED[name]

    def asked(syntax):
        accept = "application/dicom" + (f"; transfer-syntax={syntax}" if syntax else "")
        return client.get(place(name), headers={"Accept": accept})

    assert body(asked("*")) == body(asked(stored))
    assert dcmread(io.BytesIO(body(asked("*")))) == dcmread(files[name])
    for syntax in (EXPLICIT, IMPLICIT, RLE, "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90"):
        answer = asked(syntax)
        assert answer["Content-Type"] == f"application/dicom; transfer-syntax={syntax}"
        ds = dcmread(io.BytesIO(body(answer)))
        assert ds.file_meta.TransferSyntaxUID == syntax
        assert (ds.pixel_array == shades).all()
        assert ds.SOPInstanceUID == dcmread(files[name]).SOPInstanceUID
        assert ds[0x0019, 0x1010].value == np.arange(1000, dtype="<u2").tobytes()
    default = dcmread(io.BytesIO(body(asked(""))))
    assert default.file_meta.TransferSyntaxUID == EXPLICIT
    refused = asked("1.2.840.10008.1.2.4.50")  # would lose something
    assert refused.status_code == 406
    assert refused.json()["error"]["message"].endswith(".")


@pytest.mark.parametrize("name", STORED)
def test_frames_bulk_data_and_metadata_of_every_syntax_are_little_endian(
    client, files, shades, name
):
    plain = client.get(f"{place(name)}/frames/1", headers={"Accept": "application/octet-stream"})
    assert body(plain) == shades.tobytes()
    ((kind, frame),) = parts(
        client.get(
            f"{place(name)}/frames/1",
            headers={"Accept": 'multipart/related; type="image/dicom-rle", image/png;q=0.1'},
        )
    )
    assert kind == f"image/dicom-rle; transfer-syntax={RLE}"
    assert len(frame) > 64
    (header,) = client.get(f"{place(name)}/metadata").json()

    def bulk(tag):
        address = "/dicom-web" + header[tag]["BulkDataURI"].partition("/dicom-web")[2]
        return body(client.get(address, headers={"Accept": "application/octet-stream, */*;q=0.1"}))

    assert bulk("00191010") == np.arange(1000, dtype="<u2").tobytes()
    if name in ("implicit", "big", "deflated"):
        assert bulk("7FE00010") == shades.tobytes()
    else:
        assert frame_of(name, files) in bulk("7FE00010")


def test_a_whole_study_of_many_syntaxes_comes_in_one(client, shades):
    found = parts(
        client.get(
            f"/dicom-web/studies/{make.STUDY}",
            headers={
                "Accept": f'multipart/related; type="application/dicom"; transfer-syntax={EXPLICIT}'
            },
        )
    )
    assert len(found) == len(STORED)
    assert {kind for kind, _ in found} == {f"application/dicom; transfer-syntax={EXPLICIT}"}
    assert all((dcmread(io.BytesIO(data)).pixel_array == shades).all() for _, data in found)
