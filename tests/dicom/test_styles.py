"""Exams simulated in the style of each kind of scanner are read as what they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.dicom import load_exam, read_objects
from analysis.phantom import simulate_exam, write_dicom
from analysis.phantom.styles import STYLES


@pytest.mark.parametrize("style", [s for s in sorted(STYLES) if "gadgetron" not in s])
def test_every_style_is_a_dual_sequence_exam_on_one_clock(style: str, tmp_path: Path) -> None:
    simulated = simulate_exam(5, beats=20, style=style, conditions=("stress",))
    write_dicom(simulated, tmp_path)
    objects, refusals = read_objects([tmp_path])
    assert refusals == []
    (acquisition,) = load_exam(objects).acquisitions
    assert (acquisition.condition, acquisition.sequence) == ("stress", "dual")
    assert [s.position for s in acquisition.slices] == ["basal", "mid", "apical"]
    assert acquisition.aif is not None
    assert acquisition.aif.signal.shape[:2] == (2, 20)
    assert acquisition.aif.time_s[3] == 0
    for series in (acquisition.aif, *acquisition.slices):
        assert series.is_pd.tolist() == [True] * 3 + [False] * 17
        assert series.frame_status.tolist() == [1] * 3 + [0] * 17
        assert (np.diff(series.time_s) > 0.3).all()
    protocol = acquisition.protocol
    assert protocol.field_strength_t in (1.5, 3.0)
    assert not {f.code for f in protocol.assumptions} - {"inversion-time-meaning"}
