"""Pictures for the eye: window, region, size, quality, thumbnails."""

from __future__ import annotations

import io
from email.parser import BytesParser

import numpy as np
import pytest
from PIL import Image

from tests.dicom import make
from tests.reports.exports import received, shown

SERIES = f"/dicom-web/studies/{make.STUDY}/series/{make.uid(make.STUDY, 'series')}"


def instance(number: int = 1) -> str:
    return f"{SERIES}/instances/{make.uid(make.STUDY, 'series', number)}"


@pytest.fixture
def client(client_of, in_site, tmp_path):
    shades = np.arange(192, dtype=np.uint16).reshape(16, 12)
    inverted = {"PhotometricInterpretation": "MONOCHROME1"}
    window = {"WindowCenter": 96, "WindowWidth": 192}
    objects = [
        make.image(number=1, pixels=shades, **window),
        make.image(number=2, pixels=shades, **window, **inverted),
        make.image(number=3, pixels=shades, **window, VOILUTFunction="SIGMOID"),
        make.enhanced("multi", frames=4, slices=2),
    ]
    received(in_site, tmp_path / "exam", objects)
    return client_of("reader", in_site)


def kinds_in(answer) -> list[str]:
    head = f"Content-Type: {answer['Content-Type']}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + b"".join(answer.streaming_content))
    return [part.get_content_type() for part in message.get_payload()]


def test_windows_follow_the_functions_of_the_standard(client):
    linear = np.clip(np.arange(192) / 191 * 255, 0, 255)
    assert np.abs(shown(client, f"{instance()}/rendered").ravel() - linear).max() <= 1
    assert np.abs(shown(client, f"{instance(2)}/rendered").ravel() - (255 - linear)).max() <= 1
    sigmoid = 255 / (1 + np.exp(-4 * (np.arange(192) - 96) / 192))
    assert np.abs(shown(client, f"{instance(3)}/rendered").ravel() - sigmoid).max() <= 1
    asked = shown(client, f"{instance(1)}/rendered?window=96,192,sigmoid")
    assert np.abs(asked.ravel() - sigmoid).max() <= 1
    exact = np.clip((np.arange(192) - 50) / 20 + 0.5, 0, 1) * 255
    asked = shown(client, f"{instance(1)}/rendered?window=50,20,linear-exact")
    assert np.abs(asked.ravel() - exact).max() <= 1


def test_a_region_is_cut_out_mirrored_and_fitted_into_its_box(client):
    whole = shown(client, f"{instance()}/rendered")
    assert whole.shape == (16, 12)
    assert shown(client, f"{instance()}/rendered?viewport=120,120").shape == (120, 90)
    part = shown(client, f"{instance()}/rendered?viewport=5,4,2,3,5,4")
    assert np.array_equal(part, whole[3:7, 2:7])
    mirrored = shown(client, f"{instance()}/rendered?viewport=5,4,2,3,-5,-4")
    assert np.array_equal(mirrored, part[::-1, ::-1])


def test_jpeg_is_what_who_does_not_care_gets_and_its_quality_can_be_asked_for(client):
    sizes = []
    for quality in (5, 95):
        answer = client.get(f"{instance()}/rendered?quality={quality}")
        assert answer["Content-Type"] == "image/jpeg"
        sizes.append(len(answer.content))
    assert sizes[0] < sizes[1]
    gif = client.get(f"{instance()}/rendered", headers={"Accept": "image/gif"})
    assert gif.content[:3] == b"GIF"
    told = client.get(f"{instance()}/rendered?annotation=patient")
    assert "annotation" in told["Warning"]
    assert client.get(f"{instance()}/rendered", headers={"Accept": "video/mp4"}).status_code == 406


def test_many_pictures_come_in_one_answer(client):
    multi = f"/dicom-web/studies/{make.STUDY}/series/{make.uid(make.STUDY, 'multi')}"
    frames = f"{multi}/instances/{make.uid(make.STUDY, 'multi', 1)}/frames"
    assert kinds_in(client.get(f"{SERIES}/rendered")) == ["image/jpeg"] * 3
    assert kinds_in(client.get(f"{multi}/rendered")) == ["image/jpeg"] * 8
    assert kinds_in(client.get(f"{frames}/2,5/rendered")) == ["image/jpeg"] * 2
    assert len(kinds_in(client.get(f"/dicom-web/studies/{make.STUDY}/rendered"))) == 11
    assert client.get(f"{frames}/9/rendered").status_code == 404
    whole = frames.removesuffix("/frames") + "/rendered"
    many = client.get(whole, headers={"Accept": 'multipart/related; type="image/png"'})
    assert kinds_in(many) == ["image/png"] * 8
    first = shown(client, whole)
    assert np.array_equal(first, shown(client, f"{frames}/1/rendered"))


def test_thumbnails_are_small_at_every_level(client):
    for place in (f"/dicom-web/studies/{make.STUDY}", SERIES, instance(), f"{instance()}/frames/1"):
        answer = client.get(f"{place}/thumbnail")
        assert answer["Content-Type"] == "image/jpeg", place
        assert max(Image.open(io.BytesIO(answer.content)).size) == 128
    small = client.get(f"{SERIES}/thumbnail?viewport=40,40")
    assert max(Image.open(io.BytesIO(small.content)).size) == 40
