"""What an inline reconstruction adds on a Siemens scanner: concentrations, maps, masks, figures.

Roles stand in ImageComments (some) or in SeriesDescription (others). Concentrations are signed
integers with a token that says their scale; maps have none and hold value * 100. ``objects`` sends
arterial input images, concentrations and maps; ``map_objects`` the maps alone, as archives keep
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from analysis.domain import Floats, SliceGeometry
from analysis.phantom.signal import AGENTS, Agent, Relaxation, proton_density, saturation_recovery
from analysis.phantom.styles import common, siemens
from analysis.phantom.styles.common import SeriesContent, series_of
from analysis.phantom.uids import derived_uid
from analysis.phantom.values import SimulatedAcquisition, SimulatedExam, SimulatedSlice

GD_SCALE: Final = 1000
MAP_SCALE: Final = 100
_HIGHEST_MMOL_PER_L: Final = 20.0
_PD_SMOOTHING_PX: Final = 1.5
_MUSCLE: Final = {1.5: Relaxation(t1_ms=1100.0, t2_ms=45.0), 3.0: Relaxation(t1_ms=1300, t2_ms=45)}
OTHER_MAPS: Final = {"Vascular_Volume_Map": 8, "Interstitial_Volume_Map": 20, "PS_Map": 75}
"""Roles of maps that are not blood flow, with the (constant) stored value of the myocardium."""


@dataclass(frozen=True, kw_only=True)
class _Output:
    """One series of the reconstruction. role: its data role; in_comments: where it stands."""

    role: str
    pixels: NDArray[np.int16] | NDArray[np.uint16]
    geometry: SliceGeometry
    in_comments: bool = False
    token: str = ""


def objects(exam: SimulatedExam) -> Iterator[tuple[str, Dataset]]:
    return _objects(exam, maps_only=False)


def map_objects(exam: SimulatedExam) -> Iterator[tuple[str, Dataset]]:
    return _objects(exam, maps_only=True)


def _objects(exam: SimulatedExam, *, maps_only: bool) -> Iterator[tuple[str, Dataset]]:
    number = 10
    for acquisition in exam.acquisitions:
        study = common.study_dataset(exam, acquisition)
        study.Manufacturer = "SIEMENS"
        study.ManufacturerModelName = "Sim Aera" if exam.field_strength_t < 2 else "Sim Skyra"
        study.SoftwareVersions = "phantom, inline"
        study.DeviceSerialNumber = "0"
        contents = series_of(acquisition, number)
        if not maps_only:
            for content in contents:
                if content.is_aif:
                    yield from siemens.series_objects(study, exam, acquisition, content)
        number = contents[-1].number + 1
        for one, content in zip(
            acquisition.slices, [c for c in contents if not c.is_aif], strict=True
        ):
            for output in _outputs(exam, acquisition, one, maps_only=maps_only):
                yield from _series(study, exam, acquisition, content, output, number)
                number += 1
        number = (number // 10 + 1) * 10


def _outputs(
    exam: SimulatedExam, acquisition: SimulatedAcquisition, one: SimulatedSlice, *, maps_only: bool
) -> Iterator[_Output]:
    """The results of one slice, in the order in which they come."""
    muscle = one.truth.labels == 2
    flow = np.nan_to_num(one.truth.mbf_ml_per_min_per_g) * MAP_SCALE
    if not maps_only:
        gd = np.rint(concentrations(exam, acquisition, one) * GD_SCALE)
        limits = np.iinfo(np.int16)
        stored = np.clip(gd, limits.min, limits.max).astype(np.int16)
        yield _Output(role="Gd", pixels=stored, geometry=one.geometry, in_comments=True,
                      token=f"scale_{GD_SCALE}")  # fmt: skip
        mask = (one.truth.labels == 1).astype(np.uint16)
        yield _Output(role="AIFMASK", pixels=mask[None], geometry=one.geometry, in_comments=True)
    yield _Output(
        role="Flow_Map", pixels=np.rint(flow).astype(np.uint16)[None], geometry=one.geometry
    )
    for role, value in OTHER_MAPS.items():
        pixels = np.where(muscle, value, 0).astype(np.uint16)
        yield _Output(role=role, pixels=pixels[None], geometry=one.geometry)
    figure = one.truth.segments.astype(np.uint16)
    yield _Output(role="AHA", pixels=figure[None], geometry=one.geometry, in_comments=True)


def concentrations(
    exam: SimulatedExam, acquisition: SimulatedAcquisition, one: SimulatedSlice
) -> Floats:
    """(T, H, W) mmol/L of the saturation-recovery frames, by the phantom's own signal equations."""
    field = 3.0 if exam.field_strength_t > 2.2 else 1.5
    tissue = _MUSCLE[field]
    r1, r2 = AGENTS[exam.agent][field]
    agent = Agent(r1=r1, r2=r2, name=exam.agent)
    grid = np.linspace(0.0, _HIGHEST_MMOL_PER_L, 4001)
    signal = saturation_recovery(grid, tissue, acquisition.sequence, agent)
    ratio = signal / proton_density(tissue, acquisition.sequence)
    rising = int(np.argmax(ratio)) + 1
    density = one.signal[one.is_pd].astype(np.float32).mean(axis=0)
    density = cv2.GaussianBlur(density, (0, 0), _PD_SMOOTHING_PX)
    measured = one.signal[~one.is_pd].astype(np.float32) / np.maximum(density, 1.0)
    return np.asarray(np.interp(measured, ratio[:rising], grid[:rising]), dtype=np.float32)


def _series(
    study: Dataset,
    exam: SimulatedExam,
    acquisition: SimulatedAcquisition,
    content: SeriesContent,
    output: _Output,
    number: int,
) -> Iterator[tuple[str, Dataset]]:
    uid = derived_uid(exam.study_instance_uid, "inline", number)
    name = f"{acquisition.condition}_PERF_{content.name}"
    if not output.in_comments:
        name = f"{name}_{output.role}"
    prepared = [f for f in content.frames if not f.is_pd]
    # A map is made of the whole series; it carries the time of the last image.
    frames = prepared if len(output.pixels) == len(prepared) else prepared[-1:]
    for index, (frame, pixels) in enumerate(zip(frames, output.pixels, strict=True), start=1):
        ds = siemens.object_of(study, content, replace(frame, number=index), name, uid, number)
        ds.ImageType = ["DERIVED", "PRIMARY", "M", "ND"]
        words = (output.role if output.in_comments else "", output.token, "GT")
        ds.ImageComments = " ".join(filter(None, words))
        common.put_pixels(ds, pixels, bits_stored=16)
        yield f"{number:03d}_{name}/IM{index:04d}.dcm", ds
