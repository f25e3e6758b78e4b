"""One three-dimensional body, cut by any plane; flow with gradients, scars and rims."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.phantom import training_sample
from analysis.phantom.perfusion import Defect, FlowPattern, mbf_map, sample_pattern
from analysis.phantom.physiology import contracted
from analysis.phantom.population import sample_body, sample_heart
from analysis.phantom.render import cut
from analysis.phantom.tissues import Tissue

SOFT_MM = 1.0


@pytest.fixture(scope="module")
def body():
    return sample_body(np.random.default_rng(2), "standard", kind="normal")


def plane(first, second, *, height=None, across=None):
    """Points of a short-axis plane at a height, or of a long-axis plane at an offset."""
    one, two = np.meshgrid(first, second, indexing="xy")
    fixed = np.full_like(one, height if across is None else across)
    return (one, two, fixed) if across is None else (one, fixed, two)


def test_short_and_long_axis_are_planes_of_one_body(body) -> None:
    along = np.arange(-60, 61, 3, dtype=np.float32)
    heights = np.arange(-20, 90, 5, dtype=np.float32)
    long_axis = cut(body, *plane(along, heights, across=6.0), softness_mm=SOFT_MM)
    for row, height in enumerate(heights):
        short = cut(body, *plane(along, along, height=height), softness_mm=SOFT_MM)
        column = int(np.flatnonzero(along == 6.0)[0])
        assert short.fractions[:, column, :] == pytest.approx(
            long_axis.fractions[:, row, :], abs=1e-4
        )


def test_every_point_is_filled_exactly_once(body) -> None:
    along = np.arange(-120, 121, 4, dtype=np.float32)
    section = cut(body, *plane(along, along, height=np.float32(30)), softness_mm=SOFT_MM)
    assert section.fractions.sum(axis=0) == pytest.approx(1, abs=1e-4)
    assert section.fractions.min() >= -1e-5


def test_the_long_axis_shows_atrium_above_the_base_and_a_closed_apex(body) -> None:
    along = np.arange(-50, 51, 2, dtype=np.float32)
    heights = np.arange(-30, body.heart.length_mm + 10, 2, dtype=np.float32)
    section = cut(body, *plane(along, heights, across=0.0), softness_mm=SOFT_MM)
    above = heights < -4
    assert section.fractions[Tissue.ATRIUM, above].sum() > 20
    blood = section.fractions[Tissue.LV_BLOOD].sum(axis=1)
    middle, end = heights < 0.5 * body.heart.length_mm, heights > body.heart.length_mm - 2
    assert blood[middle & ~above].mean() > 5 and blood[end].max() < 0.5


def test_hearts_range_from_closed_to_dilated() -> None:
    rng = np.random.default_rng(3)
    cavity = {
        kind: np.mean([
            heart.epi_radius_mm - heart.wall_mm
            for heart in (sample_heart(rng, kind=kind) for _ in range(20))
        ])
        for kind in ("no_cavity", "small_cavity", "normal", "dilated")
    }  # fmt: skip
    assert cavity["no_cavity"] < 1 < cavity["small_cavity"] < 13 < cavity["normal"]
    assert cavity["normal"] < cavity["dilated"]


def flow(pattern, *, angle=0.0, depth=0.5, height=0.5):
    values = (np.array([v], dtype=np.float32) for v in (angle, depth, height))
    return float(mbf_map(pattern, *values)[0])


def test_a_defect_is_deepest_inside_and_spares_what_lies_beyond() -> None:
    defect = Defect(
        angle_deg=0, half_width_deg=40, from_z=0.2, to_z=0.8, severity=0.8, transmurality=0.5
    )
    pattern = FlowPattern(base_mbf=3.0, defects=(defect,))
    assert flow(pattern, depth=0.1) == pytest.approx(0.6, abs=0.1)
    assert flow(pattern, depth=0.95) == pytest.approx(3.0, abs=0.1)
    assert flow(pattern, depth=0.1, angle=120) == pytest.approx(3.0, abs=0.05)
    assert flow(pattern, depth=0.1, height=0.95) == pytest.approx(3.0, abs=0.05)


def test_a_scar_is_there_at_rest_and_ischaemia_is_not() -> None:
    defects = tuple(
        Defect(
            angle_deg=angle, half_width_deg=30, from_z=0, to_z=1, severity=0.7, transmurality=1.3,
            scar=scar,
        )
        for angle, scar in ((60.0, True), (240.0, False))
    )  # fmt: skip
    kept = {
        stress: {
            d.angle_deg
            for d in sample_pattern(
                np.random.default_rng(1), stress=stress, defects=defects
            ).defects
        }
        for stress in (True, False)
    }
    assert kept == {True: {60.0, 240.0}, False: {60.0}}


def test_the_phases_of_a_cine_come_from_the_same_heart(body) -> None:
    """From end-diastole to end-systole the cavity empties steadily and muscle keeps its volume."""
    along = np.arange(-60, 61, 2, dtype=np.float32)
    blood, muscle = [], []
    for systole in np.linspace(0.0, 1.0, 5):
        phase = replace(body, heart=contracted(body.heart, float(systole)))
        volume = np.zeros(2)
        for height in np.arange(2.0, phase.heart.length_mm, 4.0, dtype=np.float32):
            section = cut(phase, *plane(along, along, height=height), softness_mm=SOFT_MM)
            volume += section.fractions[[Tissue.LV_BLOOD, Tissue.MYOCARDIUM]].sum(axis=(1, 2))
        blood.append(0.016 * volume[0])
        muscle.append(0.016 * volume[1])
    assert (np.diff(blood) < 0).all()
    assert 0.35 < 1 - blood[-1] / blood[0] < 0.8
    assert muscle == pytest.approx([muscle[0]] * 5, rel=0.08)


@pytest.mark.parametrize("view", ["long_axis", "above_heart", "abdomen"])
def test_other_views_are_other_pictures_of_the_same_patient(view: str) -> None:
    here, there = (
        training_sample(np.random.default_rng(5), size=64, frames=12, view=which)
        for which in ("short_axis", view)
    )
    assert here.meta["condition"] == there.meta["condition"] and there.meta["view"] == view
    assert np.isfinite(there.series).all()
    assert not np.array_equal(here.labels, there.labels)
