"""Grades, scores, clinical data, territories: what a reader enters, and what follows from it."""

from __future__ import annotations

import json

import pytest

from qperfweb.core.errors import Invalid
from qperfweb.reviews.clinical import checked, shown
from qperfweb.reviews.content import apply_edit, complete, empty_content
from qperfweb.reviews.history import words_of
from qperfweb.reviews.physiology import criteria, rest_after_regadenoson
from qperfweb.reviews.queries import content_of, newest_revision
from qperfweb.reviews.references import references_of
from qperfweb.reviews.scores import burden, summed
from qperfweb.reviews.signing import current_summary, summary_for
from qperfweb.reviews.territories import territories_of
from qperfweb.reviews.verify import verify_reading
from tests.reading import acknowledge, edit, sign

ADENOSINE = {
    "stress_agent": "adenosine", "stress_dose": 140, "heart_rate_rest": 60,
    "heart_rate_stress": 85, "systolic_rest": 120, "systolic_stress": 105, "caffeine": "no",
    "symptoms": "typical", "adequacy": "adequate",
}  # fmt: skip


def with_edits(*edits):
    content = empty_content()
    for number, one in enumerate(edits, start=1):
        content, _ = apply_edit(content, one, author="R", at="now", revision=number)
    return content


def visual(condition, score, *segments):
    return {"kind": "visual", "condition": condition, "segments": segments, "score": score}


def scar(segment, transmurality):
    return {"kind": "scar", "segment": segment, "transmurality": transmurality}


def a_document(**changes):
    acquisition = {
        "sequence": "dual", "quantity": "mbf", "model": "btex", "heart_rate_bpm": 62.0,
        "field_strength_t": 1.5, "started_at": None,
    }  # fmt: skip
    return {
        "acquisitions": [
            {**acquisition, "condition": "stress", **changes},
            {**acquisition, "condition": "rest"},
        ]
    }


def test_summed_scores_count_only_what_was_scored():
    content = with_edits(
        visual("stress", 0, *range(1, 17)), visual("stress", 3, 4, 10), visual("rest", 1, 4)
    )
    sums = summed(content)
    assert (sums["stress"], sums["stress_segments"]) == (6, 16)
    assert (sums["rest"], sums["rest_segments"]) == (1, 1)
    assert (sums["difference"], sums["difference_segments"]) == (2, 1)
    assert sums["percent"] is None
    whole = with_edits(visual("stress", 3, *range(1, 17)), visual("rest", 0, *range(1, 17)))
    assert summed(whole)["percent"] == 100.0


def test_a_defect_at_rest_too_or_within_scar_is_not_ischaemia():
    content = with_edits(
        visual("stress", 2, 4, 5, 6, 7), visual("stress", 3, 8, 9),
        visual("rest", 2, 4), visual("rest", 0, 5),
        scar(6, "0"), scar(8, "26-50"), scar(9, "76-100"),
    )  # fmt: skip
    found = burden(content, [], a_document())
    assert found["ischaemic"] == [5, 6, 8]
    assert found["not_assessable"] == [7]
    assert found["percent_of_lv"] == pytest.approx(18.75)
    assert found["transmural"] == [8]
    assert found["subendocardial"] == [5, 6]


def test_nothing_scored_at_stress_is_no_burden():
    assert burden(with_edits(visual("rest", 2, 4)), [], a_document()) is None


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"heart_rate_rest": 5}, "heart_rate_rest"),
        ({"systolic_rest": "120"}, "systolic_rest"),
        ({"systolic_rest": True}, "systolic_rest"),
        ({"systolic_rest": 100, "diastolic_rest": 110}, "diastolic_rest"),
        ({"stress_dose": 140}, "stress_agent"),
        ({"symptoms": "many"}, "symptoms"),
        ({"shoe_size": 43}, "clinical"),
    ],
)
def test_a_clinical_value_that_cannot_be_is_refused(given, field):
    with pytest.raises(Invalid) as refused:
        checked(given)
    assert refused.value.field == field


def test_clinical_values_are_shown_with_their_units():
    lines = dict(shown(checked(ADENOSINE)))
    assert lines["Stress dose"] == "140 µg/kg/min"
    assert lines["Heart rate at rest"] == "60/min"
    assert lines["Systolic pressure at rest"] == "120 mmHg"


def test_adequacy_says_what_supports_it_and_what_is_open():
    says = {c["words"].split(":")[0]: c["says"] for c in criteria(a_document(), ADENOSINE)}
    assert list(says.values()).count("supports") == 5
    assert says["Splenic switch-off"] == "open"
    weak = ADENOSINE | {"heart_rate_stress": 64, "systolic_stress": 118, "caffeine": "yes"}
    assert [c["says"] for c in criteria(a_document(), weak)].count("against") == 3


def test_rest_after_regadenoson_is_said():
    document = a_document(started_at="2026-01-01T10:00:00")
    document["acquisitions"][1]["started_at"] = "2026-01-01T10:20:00"
    assert "20-36 %" in rest_after_regadenoson(document, {"stress_agent": "regadenoson"})
    assert rest_after_regadenoson(document, {"stress_agent": "adenosine"}) is None


def test_a_reference_range_needs_the_same_protocol():
    content = with_edits({"kind": "clinical", "clinical": ADENOSINE})
    found = references_of(a_document(), content)
    assert {r["condition"] for r in found["ranges"]} == {"stress", "rest", "mpr"}
    assert found["reasons"] == []
    fermi = references_of(a_document(model="fermi"), content)
    assert "fermi" in fermi["reasons"][0]
    assert {r["condition"] for r in fermi["ranges"]} == {"rest"}
    without_agent = references_of(a_document(), empty_content())
    assert {r["condition"] for r in without_agent["ranges"]} == {"rest"}
    assert "stress agent" in without_agent["reasons"][0]


def test_presets_move_the_inferior_wall_and_custom_moves_single_segments():
    left = with_edits({"kind": "territories", "territories": {"preset": "left"}})
    assert {n for n, name in territories_of(left).items() if name == "RCA"} == set()
    chosen = {"preset": "custom", "segments": {"5": "RCA", "1": "LAD"}}
    custom = with_edits({"kind": "territories", "territories": chosen})
    assert territories_of(custom)[5] == "RCA"
    assert custom["territories"]["segments"] == {"5": "RCA"}
    with pytest.raises(Invalid):
        with_edits(
            {"kind": "territories", "territories": {"preset": "custom", "segments": {"17": "RCA"}}}
        )


def test_an_other_cause_needs_words_and_listed_causes_do_not():
    mark = {"kind": "segment_status", "condition": "stress", "segment": 4,
            "status": "non_diagnostic"}  # fmt: skip
    content = with_edits({**mark, "causes": ["dark_rim", "motion"]})
    assert content["statuses"]["stress"]["4"]["reason"] == "dark rim, motion"
    with pytest.raises(Invalid, match="in words"):
        with_edits({**mark, "causes": ["other"]})
    with pytest.raises(Invalid, match="reason"):
        with_edits(mark)


def test_several_flags_are_answered_in_one_revision(reading, reader):
    flags = [f"stress_mid:check-{n}" for n in range(2)]
    content, change = apply_edit(
        empty_content(), {"kind": "acknowledge", "flags": flags}, author="R", at="t", revision=2
    )
    assert set(content["acknowledged"]) == set(flags) == set(change["flags"])
    with pytest.raises(Invalid):
        edit(reading, reader, {"kind": "acknowledge", "flags": flags})


def test_corrected_rest_stands_beside_the_measured_one(reading, reader):
    reading = edit(reading, reader, {"kind": "clinical", "clinical": ADENOSINE})
    found = current_summary(reading)["rate_pressure"]
    assert found["rest"] == 7200
    row = found["rows"]["GLOBAL"]
    assert row["rest"] == pytest.approx(0.8 * 9000 / 7200)
    assert row["mpr"] == pytest.approx(2.4 / 1.0)
    assert row["mpr_error"] > 0
    assert reading.segments.get(condition="rest", segment=4).final_value == pytest.approx(0.8)
    without = {k: v for k, v in ADENOSINE.items() if k != "systolic_rest"}
    reading = edit(reading, reader, {"kind": "clinical", "clinical": without})
    found = current_summary(reading)["rate_pressure"]
    assert found["rows"] == {}
    assert "systolic" in found["reason"]


def test_what_was_entered_is_signed_with_what_follows_from_it(reading, reader):
    reading = acknowledge(reading, reader)
    for change in (
        {"kind": "clinical", "clinical": ADENOSINE},
        {"kind": "quality", "slice": "stress_mid", "grade": 3, "comment": "ghost"},
        visual("stress", 3, 4),
        scar(4, "0"),
        {"kind": "territories", "territories": {"preset": "left"}},
    ):
        reading = edit(reading, reader, change)
    signature = sign(reading, reader)
    document = json.loads(bytes(signature.document))
    assert document["content"]["clinical"]["stress_dose"] == 140
    assert document["content"]["quality"]["stress_mid"]["grade"] == 3
    assert document["summary"]["burden"]["ischaemic"] == [4]
    assert document["summary"]["territories"].startswith("Left dominant")
    reading.refresh_from_db()
    assert summary_for(reading) == document["summary"]
    assert verify_reading(reading) == []


def test_a_reading_signed_before_summaries_existed_still_verifies(reading, reader, monkeypatch):
    from qperfweb.reviews import signing

    reading = acknowledge(reading, reader)
    newest = newest_revision(reading)
    monkeypatch.setattr(signing, "SCHEMA", "qperf-signed-reading-1")
    original = signing.signed_document
    monkeypatch.setattr(
        signing, "signed_document",
        lambda *a, **k: original(*a, **{"schema": "qperf-signed-reading-1", **k}),
    )  # fmt: skip
    sign(reading, reader)
    monkeypatch.undo()
    reading.refresh_from_db()
    assert reading.signatures.get().document_schema == "qperf-signed-reading-1"
    assert verify_reading(reading) == []
    assert complete(newest.state["content"]) == content_of(newest)


def test_the_history_says_what_was_entered(reading, reader):
    reading = edit(reading, reader, {"kind": "clinical", "clinical": ADENOSINE})
    reading = edit(reading, reader, visual("stress", 0, *range(1, 17)))
    words = [words_of(r) for r in reading.revisions.all()]
    assert "Stress agent adenosine" in words[-2]
    assert words[-1] == "Visual score: all segments, stress: 0 (normal)"


def test_the_history_says_why_a_segment_was_left_out_and_that_it_is_used_again(reading, reader):
    mark = {"kind": "segment_status", "condition": "stress", "segment": 4}
    out = mark | {"status": "non_diagnostic", "causes": ["dark_rim", "motion"], "reason": "apex"}
    reading = edit(reading, reader, out)
    reading = edit(reading, reader, mark | {"status": "diagnostic", "reason": ""})
    words = [words_of(r) for r in reading.revisions.all()]
    assert words[-2:] == [
        "Segment marked: segment 4, stress: not diagnostic (dark rim, motion)",
        "Segment marked: segment 4, stress: used again",
    ]


def test_the_history_says_the_grade_of_a_slice_and_what_was_wrong_with_it(reading, reader):
    grade = {"kind": "quality", "slice": "stress_mid", "grade": 3, "comment": "breathing"}
    reading = edit(reading, reader, grade)
    reading = edit(reading, reader, grade | {"grade": None})
    words = [words_of(r) for r in reading.revisions.all()]
    assert words[-2].endswith("stress mid: usable, artefacts over some of the wall (breathing)")
    assert words[-1].endswith("stress mid: no grade")
