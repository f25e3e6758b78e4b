"""Stress, rest and positions are understood in several languages, and not read into other words."""

from __future__ import annotations

import pytest

from analysis.dicom.words import says_condition, says_perfusion, says_position


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("PERF_STRESS_3sl", "stress"),
        ("perfStress", "stress"),
        ("gre_perf_rest_SAX", "rest"),
        ("Stressperfusion Adenosin", "stress"),
        ("Ruheperfusion", "rest"),
        ("Belastung", "stress"),
        ("perfusion au repos", "rest"),
        ("Perfusión de reposo", "rest"),
        ("perfusión estrés", "stress"),
        ("perfusione a riposo", "rest"),
        ("SA perf regadenoson", "stress"),
        ("Rustperfusie rust", "rest"),
        ("перфузия покой", "rest"),
        ("心肌灌注 静息", "rest"),
        ("負荷パーフュージョン", "stress"),
        ("rest perfusion post stress", "rest"),
        ("stress then rest", "both"),
        ("Forrest restored", None),
        ("distress interest", None),
        ("First Pass New", None),
        ("", None),
    ],
)
def test_conditions(text: str, condition: str | None) -> None:
    assert says_condition(text) == condition


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("perf rest base", "basal"),
        ("SAX_mid", "mid"),
        ("perf APEX", "apical"),
        ("Spitze", "apical"),
        ("base mid apex", None),
        ("database", None),
    ],
)
def test_positions(text: str, position: str | None) -> None:
    assert says_position(text) == position


def test_perfusion() -> None:
    assert says_perfusion("First Pass New")
    assert says_perfusion("Ruheperfusion")
    assert not says_perfusion("cine SAX")
