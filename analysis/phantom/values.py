"""What a simulated exam consists of: images as a scanner would store them, and the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.domain import (
    Bools,
    Bytes,
    Condition,
    Doubles,
    Floats,
    Position,
    SliceContours,
    SliceGeometry,
)
from analysis.phantom.drawing import LabelConvention
from analysis.phantom.kinetics import Bolus
from analysis.phantom.perfusion import FlowPattern
from analysis.phantom.signal import Sequence

Pixels = NDArray[np.uint16]
Breathing = Literal["free", "drift", "gasp", "held"]


@dataclass(frozen=True, kw_only=True)
class SliceTruth:
    """What is really in a slice, on its own pixel grid, in the frame of reference of no breathing.

    labels: (H, W) 0 background, 1 LV cavity, 2 myocardium, 3 RV, by the readers' convention.
    segments: (H, W) 0 or AHA number; only where labels is myocardium.
    mbf_ml_per_min_per_g: (H, W) true flow where labels is myocardium, NaN elsewhere.
    segment_mbf: AHA number to the mean of the true flow over the segment's pixels.
    displacement_px: (T, 2, H, W) float16; the material at (r, c) is found in frame t at
        (r + d[t, 0, r, c], c + d[t, 1, r, c]), the pipeline's own convention.
    through_plane_mm: (T,) how far the heart moved along the slice normal.
    contours: closed polygons and landmarks; endo_rc is None where there is no cavity.
    seen_contours: the same of the anatomy that breathing brings into the slice in the median of its
        frames, on the pixels of no breathing: what can be drawn on a series aligned in its plane.
    """

    labels: Bytes
    segments: Bytes
    mbf_ml_per_min_per_g: Floats
    segment_mbf: Mapping[int, float]
    displacement_px: NDArray[np.float16]
    through_plane_mm: Doubles
    contours: SliceContours
    seen_contours: SliceContours


@dataclass(frozen=True, kw_only=True)
class SimulatedSlice:
    """One slice over time, as stored (12 bits), proton-density frames first.

    time_s counts from the acquisition's clock zero; trigger_ms is the delay after the R wave.
    """

    position: Position
    geometry: SliceGeometry
    signal: Pixels
    time_s: Doubles
    trigger_ms: Doubles
    is_pd: Bools
    truth: SliceTruth


@dataclass(frozen=True, kw_only=True)
class SimulatedAif:
    """Low-resolution two-echo images of the basal plane.

    signal: (2, T, H, W). labels: (H, W) 1 LV cavity, 3 RV cavity, each where breathing has it while
    the bolus fills it.
    """

    geometry: SliceGeometry
    signal: Pixels
    time_s: Doubles
    trigger_ms: Doubles
    is_pd: Bools
    labels: Bytes
    echo_times_ms: tuple[float, float]
    sequence: Sequence


@dataclass(frozen=True, kw_only=True)
class SimulatedAcquisition:
    """One condition of an exam.

    started_at: wall clock of time 0 (first SR AIF frame; single sequence: first SR frame).
    truth_time_s, truth_aif_mmol_per_l: the true whole-blood curve of the left ventricle, baseline
    taken off, every 0.1 s; truth_rv_mmol_per_l: the same of the right ventricle.
    """

    condition: Condition
    started_at: datetime
    heart_rate_bpm: float
    rr_s: Doubles
    slices: tuple[SimulatedSlice, ...]
    aif: SimulatedAif | None
    sequence: Sequence
    bolus: Bolus
    flow: FlowPattern
    residual_mmol_per_l: float
    truth_time_s: Doubles
    truth_aif_mmol_per_l: Doubles
    truth_rv_mmol_per_l: Doubles
    breathing: Breathing
    snr: float


@dataclass(frozen=True, kw_only=True)
class SimulatedPatient:
    """Who the images say they are of."""

    name: str
    patient_id: str
    birth_date: str
    sex: str
    height_m: float
    weight_kg: float


@dataclass(frozen=True, kw_only=True)
class SimulatedExam:
    """A whole exam. ``options`` is what it was asked for, for the truth file."""

    seed: int
    patient: SimulatedPatient
    study_instance_uid: str
    accession: str
    field_strength_t: float
    sequence_class: Literal["dual", "single"]
    agent: str
    style: str
    convention: LabelConvention
    has_defect: bool
    acquisitions: tuple[SimulatedAcquisition, ...]
    options: Mapping[str, object]
