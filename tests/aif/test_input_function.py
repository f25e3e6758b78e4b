"""The input function of images whose blood concentration is known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.aif import aif_from_slice, detect_blood_pools, measure_aif
from analysis.curves import bolus_features
from analysis.domain import AifSeries, ReadoutProtocol, SliceGeometry
from analysis.evaluation.flow_cases import input_curve
from analysis.gadolinium import build_lookup
from analysis.quality import FrameStatus

REAL = Path(__file__).parents[3] / "shared" / "data"
PROTOCOL = ReadoutProtocol(
    readout="flash",
    field_strength_t=1.5,
    flip_angle_deg=8.0,
    pd_flip_angle_deg=8.0,
    echo_spacing_ms=2.12,
    saturation_delay_ms=4.7,
    centre_line=9,
    echo_times_ms=(0.65, 1.65),
    agent="gadobutrol",
)
GEOMETRY = SliceGeometry(
    position_mm=(0.0, 0.0, 0.0),
    row_direction=(1.0, 0.0, 0.0),
    column_direction=(0.0, 1.0, 0.0),
    pixel_spacing_mm=(5.6, 5.6),
)
TIME_S = 0.8 * np.arange(60)
BLOOD = input_curve(TIME_S - 4.0, "rest")
ROWS, COLUMNS = np.mgrid[:64, :54]
LV = (ROWS - 33) ** 2 + (COLUMNS - 30) ** 2 < 3.6**2
RV = (ROWS - 35) ** 2 + (COLUMNS - 18) ** 2 < 4.5**2
CHEST = (ROWS < 6) | (COLUMNS < 4)


def images(blood=BLOOD, *, rv=None, noise=1.5, time_s=TIME_S, r2star=10.0, seed=0):
    """Two-echo images with three PD frames first; blood (T,) is in the LV, rv in the RV."""
    rng = np.random.default_rng(seed)
    right = input_curve(time_s + 1.0, "rest") * 1.3 if rv is None else rv
    table = build_lookup(PROTOCOL, "blood")
    gd = np.zeros((len(blood), *LV.shape))
    gd[:, LV], gd[:, RV] = blood[:, None], right[:, None]
    myocardium = ((ROWS - 33) ** 2 + (COLUMNS - 30) ** 2 < 6**2) & ~LV & ~RV
    gd[:, myocardium] = 0.08 * np.roll(blood, 4)[:, None]
    coil = 900 * np.exp(-COLUMNS / 50) * (1 + 3 * CHEST)
    ratio = np.interp(gd, table.gd_mmol_per_l, table.ratio)
    frames = np.concatenate([np.ones((3, *LV.shape)), ratio]) * coil
    decay = np.concatenate([np.zeros((3, *LV.shape)), r2star * gd])
    echoes = [frames * np.exp(-te / 1000 * decay) for te in PROTOCOL.echo_times_ms]
    signal = np.abs(np.stack(echoes) + noise * rng.standard_normal((2, *frames.shape)))
    is_pd = np.arange(frames.shape[0]) < 3
    step = time_s[1] - time_s[0]
    return AifSeries(
        series_instance_uid="1.2",
        signal=signal.astype(np.float32),
        time_s=np.concatenate([[-3 * step, -2 * step, -step], time_s]),
        is_pd=is_pd,
        frame_status=np.where(is_pd, FrameStatus.PROTON_DENSITY, 0).astype(np.uint8),
        geometry=GEOMETRY,
        protocol=PROTOCOL,
    )


def codes(result):
    return {flag.code for flag in result.flags}


def test_the_ventricles_are_told_apart_by_when_they_fill() -> None:
    lv, rv, flags = detect_blood_pools(images().signal[0, 3:])
    assert flags == ()
    assert (lv & LV).sum() > 0.8 * LV.sum()
    assert not (lv & RV).any()
    assert (rv & RV).sum() > 0.8 * RV.sum()


def test_the_curve_is_the_blood_concentration() -> None:
    result = measure_aif(images())
    assert result.source == "dual"
    assert not codes(result)
    assert np.abs(result.gd_mmol_per_l - BLOOD).max() < 0.05 * BLOOD.max()
    assert result.peak_mmol_per_l == pytest.approx(BLOOD.max(), rel=0.05)
    assert result.foot_s == pytest.approx(9.0, abs=0.5)
    assert result.valley_s is not None
    assert result.plasma_gd_mmol_per_l[20] == pytest.approx(result.gd_mmol_per_l[20] / 0.58)


def test_without_t2star_correction_the_peak_is_lost() -> None:
    result = measure_aif(images(r2star=15.0))
    lost = result.gd_uncorrected_mmol_per_l.max() / result.gd_mmol_per_l.max()
    assert lost < 0.98
    assert result.peak_mmol_per_l == pytest.approx(BLOOD.max(), rel=0.06)


def test_one_echo_is_flagged() -> None:
    series = images()
    result = measure_aif(replace(series, signal=series.signal[:1]))
    assert codes(result) == {"aif-one-echo"}


def test_swapped_echo_times_are_noticed_and_noise_is_not_taken_for_them() -> None:
    series = images()
    swapped = measure_aif(replace(series, signal=series.signal[::-1].copy()))
    assert "aif-echoes-swapped" in codes(swapped)
    for seed in range(3):
        without_decay = images(r2star=0.0, noise=4.0, seed=seed)
        assert "aif-echoes-swapped" not in codes(measure_aif(without_decay))


def test_without_its_proton_density_images_the_input_function_must_not_be_used() -> None:
    series = images()
    told = measure_aif(
        replace(
            series,
            signal=series.signal[:, 3:],
            time_s=series.time_s[3:],
            is_pd=series.is_pd[3:],
            frame_status=series.frame_status[3:],
        )
    )
    (flag,) = [f for f in told.flags if f.code == "aif-pd-missing"]
    assert flag.severity == "invalid"


def test_a_mask_drawn_by_a_reader_is_used() -> None:
    drawn = (ROWS - 33) ** 2 + (COLUMNS - 30) ** 2 < 2.5**2
    result = measure_aif(images(), lv_mask=drawn)
    np.testing.assert_array_equal(result.lv_mask, drawn)
    assert result.peak_mmol_per_l == pytest.approx(BLOOD.max(), rel=0.05)


def test_a_frame_left_out_is_not_in_the_curve() -> None:
    result = measure_aif(images(), excluded_frames=(10,))
    assert result.time_s.size == TIME_S.size - 1
    assert TIME_S[7] not in result.time_s


def test_a_missing_injection_is_said_in_words() -> None:
    nothing = np.zeros_like(BLOOD)
    result = measure_aif(images(nothing, rv=nothing))
    assert result.source == "none"
    assert any(flag.severity == "invalid" for flag in result.flags)
    result = measure_aif(images(nothing, rv=nothing), lv_mask=LV)
    assert "aif-no-bolus" in codes(result)
    assert result.peak_mmol_per_l is None


@pytest.mark.parametrize(
    ("blood", "code"),
    [
        (BLOOD * 0.25, "aif-peak-implausible"),
        (BLOOD + 0.5, "residual-contrast"),
        (BLOOD + 0.9 * np.interp(TIME_S - 22, TIME_S, BLOOD), "aif-double-bolus"),
        (np.interp(TIME_S - 32, TIME_S, BLOOD), "aif-truncated"),
    ],
)
def test_doubtful_boluses_are_flagged(blood, code) -> None:
    assert code in codes(measure_aif(images(blood), lv_mask=LV, rv_mask=RV))


def test_a_missed_beat_at_the_peak_is_flagged() -> None:
    peak = int(np.argmax(BLOOD))
    result = measure_aif(images(), excluded_frames=(3 + peak,))
    assert "aif-missed-beat" in codes(result)


def test_swapped_ventricles_are_flagged() -> None:
    result = measure_aif(images(), lv_mask=RV, rv_mask=LV)
    assert "aif-ventricle-order" in codes(result)


def test_a_clipped_signal_is_flagged() -> None:
    series = images(noise=0.0)
    limit = 0.8 * series.signal[0, 3:, LV].max()
    clipped = np.minimum(series.signal, np.float32(limit))
    clipped[:, :3] = series.signal[:, :3]
    assert "aif-saturated" in codes(measure_aif(replace(series, signal=clipped), lv_mask=LV))


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_empty_images_give_no_input_function_but_a_reason(value) -> None:
    series = images()
    result = measure_aif(replace(series, signal=np.full_like(series.signal, value)))
    assert result.source == "none"
    assert any(flag.severity == "invalid" for flag in result.flags)


def test_an_input_function_from_the_slice_is_never_absolute() -> None:
    series = images()
    result = aif_from_slice(
        series.signal[0],
        time_s=series.time_s,
        frame_status=series.frame_status,
        is_pd=series.is_pd,
        lv_mask=LV,
        rv_mask=RV,
    )
    assert result.source == "image"
    assert "aif-from-image" in codes(result)
    assert result.peak_mmol_per_l is None
    assert result.area_mmol_s_per_l is None
    assert result.peak_s == pytest.approx(TIME_S[np.argmax(BLOOD)], abs=0.8)


def test_the_foot_does_not_depend_on_the_height_of_the_bolus() -> None:
    feet = [bolus_features(height * BLOOD, TIME_S).foot_s for height in (0.5, 1.0, 3.0)]
    assert feet == pytest.approx([feet[0]] * 3, abs=1e-6)
    assert bolus_features(np.zeros(60), TIME_S) is None


@pytest.mark.realdata
@pytest.mark.skipif(not REAL.exists(), reason="needs ../shared")
@pytest.mark.parametrize("name", ["example1", "example2"])
def test_the_ventricles_of_real_patients_are_found(name) -> None:
    with np.load(REAL / "aif" / f"{name}.npz") as arrays:
        signal, labels = arrays["signal"], arrays["labels"]
    lv, rv, flags = detect_blood_pools(signal)
    assert flags == ()
    assert (lv & (labels == 1)).sum() > 0.9 * (labels == 1).sum()
    assert (rv & (labels == 2)).sum() > 0.4 * (labels == 2).sum()
    assert not (lv & (labels == 2)).any()
    options = {
        "time_s": 0.8 * np.arange(len(signal)),
        "frame_status": np.zeros(len(signal), np.uint8),
        "is_pd": np.zeros(len(signal), bool),
    }
    found = aif_from_slice(signal, **options)
    drawn = aif_from_slice(signal, **options, lv_mask=labels == 1, rv_mask=labels == 2)
    assert np.corrcoef(found.gd_mmol_per_l, drawn.gd_mmol_per_l)[0, 1] > 0.995
    assert found.peak_s == drawn.peak_s


@pytest.mark.realdata
@pytest.mark.skipif(not REAL.exists(), reason="needs ../shared")
def test_foot_and_peak_of_a_real_input_function_are_where_its_authors_put_them() -> None:
    with np.load(REAL / "dual_sequence" / "stress_gd.npz") as arrays:
        aif, foot, peak = (arrays[n] for n in ("aif_mmol_per_l", "foot_index", "peak_index"))
    bolus = bolus_features(aif.astype(float), 0.5 * np.arange(aif.size))
    assert bolus.foot_index == foot
    assert bolus.peak_index == peak


def test_a_pool_of_a_few_pixels_is_refused_unless_a_reader_drew_it() -> None:
    few = (ROWS == 33) & (abs(COLUMNS - 30) < 2)
    found = measure_aif(images(), seen=(few, RV), lv_mask=None)
    seen_alone = measure_aif(images(blood=np.zeros_like(BLOOD)), seen=(few, RV))
    assert found.source == "dual"  # the dynamics found the whole pool and keep their edge
    assert seen_alone.source == "none"
    assert "aif-cavity-unresolved" in codes(seen_alone)
    drawn = measure_aif(images(), lv_mask=few)
    assert drawn.source == "dual"
    assert "aif-small-cavity" in codes(drawn)
    assert drawn.height_error >= 0.05
    assert found.height_error == 0.0
