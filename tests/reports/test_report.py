"""The PDF of a reading: what it says, and that a signed one never changes."""

from __future__ import annotations

import io
import re
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from pypdf import PdfReader

from qperfweb.reports.palette import NO_VALUE, PERFUSION_STOPS, VIRIDIS_STOPS, colour_of, colours
from qperfweb.reports.pdf import render_pdf
from qperfweb.reports.pictures import bullseye_svg, display_point, displayed
from qperfweb.reports.report import report_of
from qperfweb.reports.services import report_pdf
from qperfweb.reviews.models import Reading
from qperfweb.reviews.signing import addendum_add
from tests.reading import acknowledge, contour, edit, override, proof, sign

ROOT = Path(__file__).parents[2]


def words_of(pdf: bytes) -> str:
    pages = PdfReader(io.BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages)


def test_a_draft_says_on_every_page_that_it_is_not_reviewed(reading):
    pages = PdfReader(io.BytesIO(render_pdf(reading))).pages
    for page in pages:
        text = " ".join(page.extract_text().split())
        assert "DRAFT - NOT REVIEWED" in text
        assert "Simulated, Exam1" in text
        assert "SIM-0001" in text


def test_the_report_holds_values_edits_flags_and_signature(reading, reader):
    edited = edit(edit(reading, reader, override(1.37)), reader, contour("rest_mid"))
    ready = acknowledge(edited, reader)
    sign(ready, reader)
    text = words_of(report_pdf(Reading.objects.get(pk=ready.pk)))
    assert "NOT REVIEWED" not in text
    for expected in ("1.37", "dark rim", "BasInf", "GLOBAL", "Look at the wall.", "Contour edited"):
        assert expected in text
    assert reader.display_name in text
    assert "Research software, not cleared as a medical device" in text


def test_text_that_a_person_typed_is_never_markup(reading, reader):
    typed = {"indication": "#panic() *bold* $x$", "findings": "= no heading", "impression": "\\"}
    text = words_of(render_pdf(edit(reading, reader, {"kind": "report", "report": typed})))
    assert "#panic() *bold* $x$" in text
    assert "= no heading" in text


def test_a_signed_report_is_made_once_and_an_addendum_makes_another(reading, reader):
    sign(acknowledge(reading, reader), reader)
    signed = Reading.objects.get(pk=reading.pk)
    first = report_pdf(signed)
    assert report_pdf(signed) == first
    addendum_add(signed, reader, text="A second look changed nothing.", confirmation=proof(reader))
    second = report_pdf(signed)
    assert "A second look changed nothing." in words_of(second)
    assert signed.documents.count() == 2
    opening = " ".join(PdfReader(io.BytesIO(second)).pages[0].extract_text().split())
    assert f"With an addendum of {date.today():%Y-%m}" in opening


def test_the_palette_has_the_colours_of_its_stops_and_grey_for_no_value():
    for value, colour in PERFUSION_STOPS:
        assert colour_of(value) == colour
    assert tuple(colours(np.array([np.nan]))[0]) == NO_VALUE
    assert colour_of(9.0) == "#ffffff"


def test_browser_and_report_use_the_same_palette():
    source = (ROOT / "frontend/src/logic/palette.ts").read_text()
    found = {m.lower() for m in re.findall(r"#[0-9a-fA-F]{6}", source)}
    assert {colour for _, colour in PERFUSION_STOPS} <= found


@pytest.mark.parametrize(
    "matrix",
    [
        (1, 0, 0, 0, 1, 0),
        (-1, 0, 3, 0, 1, 0),
        (0, 1, 0, 1, 0, 0),
        (0, -1, 1, 1, 0, 0),
        (0, 1, 0, -1, 0, 3),
        (-1, 0, 3, 0, -1, 1),
    ],
)
def test_pixels_and_points_are_turned_alike(matrix):
    image = np.arange(8.0).reshape(2, 4)
    shown = displayed(image, matrix)
    for row in range(2):
        for column in range(4):
            right, down = display_point((row, column), matrix)
            assert shown[int(down), int(right)] == image[row, column]


def test_a_bullseye_shows_every_number_and_hatches_what_was_not_measured():
    values = {n: 1.0 + n / 100 for n in range(1, 17)} | {4: None}
    svg = bullseye_svg(values, top=6.0, digits=2)
    assert svg.count("url(#none)") == 1
    assert "1.16" in svg and "1.04" not in svg


def test_a_relative_index_does_not_wear_the_colours_of_flow():
    values = dict.fromkeys(range(1, 17), 0.25)
    svg = bullseye_svg(values, top=0.5, digits=2, stops=VIRIDIS_STOPS)
    assert colour_of(0.25, top=0.5, stops=VIRIDIS_STOPS) == "#21918c"
    assert svg.count('fill="#21918c"') == 16
    assert colour_of(0.25) not in svg


def test_what_the_reader_entered_and_scored_stands_in_the_report(reading, reader):
    header = {
        "stress_agent": "adenosine", "stress_dose": 140, "heart_rate_rest": 60,
        "systolic_rest": 120, "adequacy": "doubtful", "adequacy_note": "coffee at eight",
    }  # fmt: skip
    mark = {"kind": "segment_status", "condition": "stress", "segment": 2,
            "status": "non_diagnostic", "causes": ["outflow_tract"]}  # fmt: skip
    for change in (
        {"kind": "clinical", "clinical": header},
        {"kind": "quality", "slice": "rest_mid", "grade": 4, "comment": "breathing"},
        {"kind": "visual", "condition": "stress", "segments": [4], "score": 3},
        {"kind": "scar", "segment": 4, "transmurality": "0"},
        mark,
        {"kind": "territories", "territories": {"preset": "left"}},
    ):
        reading = edit(reading, reader, change)
    text = words_of(render_pdf(reading, paper="us-letter"))
    for expected in (
        "140 µg/kg/min", "doubtful", "coffee at eight", "poor: not for reading", "breathing",
        "Ischaemic burden by eye: 1 of 16 segments, 6 %", "outflow tract", "9000 mmHg/min",
        "Xue 2020b", "Left dominant",
    ):  # fmt: skip
        assert expected in text
    page = PdfReader(io.BytesIO(render_pdf(reading, paper="us-letter"))).pages[0]
    assert float(page.mediabox.width) == pytest.approx(612, abs=1)


def test_conditions_of_different_quantities_keep_their_own_scales(reading):
    document = reading.run.document
    rest = next(a for a in document["acquisitions"] if a["condition"] == "rest")
    rest["quantity"] = "relative_upslope"
    values, pictures = report_of(reading)
    assert [bar[0] for bar in values["bars"]] == ["bar-mbf.svg", "bar-relative_upslope.svg"]
    assert values["quantity"].startswith("stress: Myocardial blood flow")
    assert "rest: Relative upslope" in values["quantity"]
    assert {"bullseye-stress.svg", "bullseye-rest.svg"} <= set(pictures)


def test_maps_lie_below_their_position_and_what_is_missing_leaves_a_gap(reading):
    for piece in reading.run.document["acquisitions"][1]["slices"]:
        if piece["position"] == "mid":
            piece["contours"] = None
    values, pictures = report_of(reading)
    titles = [[one and one["title"] for one in row] for row in values["maps"]]
    assert titles == [
        ["stress basal", "stress mid", "stress apical"],
        ["rest basal", None, "rest apical"],
    ]
    assert "map-rest_mid.svg" not in pictures


def test_what_stress_and_rest_both_assume_is_said_once(reading):
    assumed = {"code": "assumed", "message": "The delay was assumed.", "severity": "information"}
    for acquisition in reading.run.document["acquisitions"]:
        acquisition["flags"] = [{**assumed, "segment": None}]
    flags = {flag["message"]: flag["where"] for flag in report_of(reading)[0]["flags"]}
    assert flags == {
        "Look at the wall.": "stress mid",
        "The delay was assumed.": "stress and rest",
    }
