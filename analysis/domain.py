"""The values that stages hand to each other. Frozen, documented, units in the names.

Array axes: T time, E echo, H rows, W columns. Points are (row, column) floats in the slice's pixel
grid, integers being pixel centres. Times are seconds from the first SR AIF frame of the
acquisition (single sequence: the first SR frame of its earliest slice); one clock for all slices.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.constants import DEFAULT_HAEMATOCRIT, DEFAULT_TISSUE_DENSITY_G_PER_ML
from analysis.quality import Flag

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]

Condition = Literal["stress", "rest", "unknown"]
SequenceClass = Literal["dual", "single", "gd", "map"]
Position = Literal["basal", "mid", "apical"]
Readout = Literal["flash", "bssfp"]
Point = tuple[float, float]
Polygon = tuple[Point, ...]


@dataclass(frozen=True, kw_only=True)
class SliceGeometry:
    """Plane of a slice in patient coordinates (DICOM LPS, mm).

    world = position + column * spacing[1] * row_direction + row * spacing[0] * column_direction,
    where row_direction is ImageOrientationPatient[0:3] (along increasing column index).
    """

    position_mm: tuple[float, float, float]
    row_direction: tuple[float, float, float]
    column_direction: tuple[float, float, float]
    pixel_spacing_mm: tuple[float, float]
    thickness_mm: float = 8.0
    frame_of_reference_uid: str = ""
    assumed: bool = False


@dataclass(frozen=True, kw_only=True)
class ReadoutProtocol:
    """How one kind of image (myocardium or AIF) was acquired; what the look-up table needs.

    Every fact that the header did not give appears as a Flag in ``assumptions``.
    """

    readout: Readout
    field_strength_t: float
    flip_angle_deg: float
    pd_flip_angle_deg: float
    echo_spacing_ms: float
    saturation_delay_ms: float
    centre_line: int
    echo_times_ms: tuple[float, ...] = (1.0,)
    agent: str = "unknown"
    assumptions: tuple[Flag, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PerfusionSlice:
    """All acquired frames of one slice, in time order, PD frames included.

    signal: (T, H, W) as stored, modality rescale applied.
    time_s: (T,) seconds on the acquisition's clock.
    is_pd: (T,) proton-density weighted frames.
    frame_status: (T,) FrameStatus as known after loading.
    instance_uids: (T,) SOP Instance UIDs (several may share one in multi-frame objects).
    """

    position: Position
    series_instance_uid: str
    signal: Floats
    time_s: Doubles
    is_pd: Bools
    frame_status: Bytes
    geometry: SliceGeometry
    instance_uids: tuple[str, ...]
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AifSeries:
    """The low-resolution arterial input images of a dual-sequence acquisition.

    signal: (E, T, H, W), E = 1 or 2 echoes in order of echo time.
    in_mmol_per_l: the scanner converted them already; then there are no proton-density frames.
    flags: doubts about these images alone; how they were acquired is doubted in the protocol.
    """

    series_instance_uid: str
    signal: Floats
    time_s: Doubles
    is_pd: Bools
    frame_status: Bytes
    geometry: SliceGeometry
    protocol: ReadoutProtocol
    instance_uids: tuple[str, ...] = ()
    in_mmol_per_l: bool = False
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Acquisition:
    """One condition (stress or rest) of an exam."""

    condition: Condition
    sequence: SequenceClass
    slices: tuple[PerfusionSlice, ...]
    protocol: ReadoutProtocol
    aif: AifSeries | None = None
    started_at: str = ""
    heart_rate_bpm: float | None = None
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Exam:
    """What one study offers to the pipeline."""

    study_instance_uid: str
    acquisitions: tuple[Acquisition, ...]
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MotionResult:
    """A motion-corrected series.

    corrected[t, r, c] = signal[t, r + displacement[t, 0, r, c], c + displacement[t, 1, r, c]].
    residual: (T,) mismatch that stays, 1 - correlation near the heart with the synthetic twin (of
        that beat or a neighbour, whichever is better); NaN where a frame was not judged.
    smallest_jacobian: (T,) min determinant of the transform near the heart.
    levelled: whether ``corrected`` is also freed of the coil's sensitivity that the heart moved
        through.
    """

    corrected: Floats
    displacement_px: Floats
    frame_status: Bytes
    residual: Floats
    smallest_jacobian: Floats
    levelled: bool = False
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AifResult:
    """The arterial input function and how it was found.

    time_s, gd_mmol_per_l: (T,) whole-blood curve, baseline subtracted, on its own times.
    gd_brightest_mmol_per_l: the same from the brightest quartile of each frame (Xue 2020b).
    gd_uncorrected_mmol_per_l: without the T2* correction (equal where there is one echo).
    lv_mask, rv_mask: (H, W) on the AIF grid; rv_gd_mmol_per_l the RV blood curve.
    height_error: share of its height that a small cavity leaves uncertain (one standard error).
    """

    source: Literal["dual", "image", "none"]
    time_s: Doubles
    gd_mmol_per_l: Doubles
    gd_brightest_mmol_per_l: Doubles
    gd_uncorrected_mmol_per_l: Doubles
    rv_gd_mmol_per_l: Doubles
    lv_mask: Bools
    rv_mask: Bools
    foot_s: float | None
    peak_s: float | None
    valley_s: float | None
    peak_mmol_per_l: float | None
    first_pass_duration_s: float | None
    area_mmol_s_per_l: float | None
    flags: tuple[Flag, ...] = ()
    haematocrit: float = DEFAULT_HAEMATOCRIT
    height_error: float = 0.0

    @property
    def plasma_gd_mmol_per_l(self) -> Doubles:
        """The curve in plasma, which carries all of the agent."""
        return self.gd_mmol_per_l / (1 - self.haematocrit)


@dataclass(frozen=True, kw_only=True)
class FlowMap:
    """Result of a batched flow fit, in blood units, NaN where ``quality`` is not OK.

    All maps (H, W) float32, NaN too for what a model does not have; fitted: (T, H, W) float16 model
    curve on the times given to the fit, NaN outside the model's window. The haematocrit turns blood
    into plasma units (PS and volumes times 1 - Hct); no MBF depends on it.

    parameters: names of the fitted ones that have maps, in the order of coordinates (H, W, P) and
    covariance (H, W, P, P): logarithms, then the delay, of every fit, NaN where none was made.
    """

    model: str
    mbf_ml_per_min_per_g: Floats
    mbf_se: Floats
    delay_s: Floats
    delay_se: Floats
    ps_ml_per_min_per_g: Floats
    ps_se: Floats
    vb_ml_per_g: Floats
    vb_se: Floats
    visf_ml_per_g: Floats
    visf_se: Floats
    residual_rms_mmol_per_l: Floats
    quality: Bytes
    fitted_mmol_per_l: NDArray[np.float16] | None = None
    haematocrit: float = DEFAULT_HAEMATOCRIT
    tissue_density_g_per_ml: float = DEFAULT_TISSUE_DENSITY_G_PER_ML
    aif_interpolation: str = "linear"
    parameters: tuple[str, ...] = ()
    coordinates: Floats | None = None
    covariance: Floats | None = None


@dataclass(frozen=True, kw_only=True)
class UpslopeMap:
    """Semi-quantitative maps of a single-sequence series, all relative, no unit.

    relative_upslope: myocardial upslope / LV upslope. Numbers from a saturated LV signal are
    relative indices only (SCIENCE: honesty of a number).
    """

    relative_upslope: Floats
    quality: Bytes


@dataclass(frozen=True, kw_only=True)
class Segmentation:
    """What the network says about one slice, on the slice's own pixel grid.

    probabilities: (4, H, W) background, LV cavity, myocardium, RV.
    uncertainty: (H, W) standard deviation of the myocardium probability, >= 0.
    """

    probabilities: Floats
    uncertainty: Floats
    model: str
    model_version: str
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SliceContours:
    """The truth about a slice from which labels, segments and numbers are always rasterised.

    endo_rc is None where there is no visible cavity. Insertions are where the RV wall meets the LV.
    """

    endo_rc: Polygon | None
    epi_rc: Polygon
    rv_insertion_anterior_rc: Point | None
    rv_insertion_inferior_rc: Point | None
    lv_centre_rc: Point
    flags: tuple[Flag, ...] = field(default=())
