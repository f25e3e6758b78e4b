"""Series with known labels: real patients from a folder, simulated ones from a seed.

Real labels are drawn on single frames of a breathing patient; they go through the same motion
correction as the image, and a pixel takes the label that most labelled frames give it.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from analysis.constants import LV_CAVITY, MYOCARDIUM, RV_CAVITY
from analysis.domain import Bytes, Doubles, Floats, Point
from analysis.errors import BadInput
from analysis.motion import correct_motion
from analysis.phantom.frozen import frozen_cases
from analysis.phantom.population import Tier
from analysis.quality import FrameStatus

REAL_PATTERN: Final = "*_*_*.npz"
ASSUMED_INTERVAL_S: Final = {"rest": 0.90, "stress": 0.65}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One slice to be segmented and its truth.

    series: (T, H, W) aligned over time; labels: (H, W) as in ``analysis.constants``.
    """

    name: str
    group: str
    series: Floats
    time_s: Doubles
    labels: Bytes
    pixel_spacing_mm: tuple[float, float]

    @property
    def truth_centre(self) -> Point:
        """Centre of the true left ventricle (cavity and wall)."""
        heart = (self.labels == LV_CAVITY) | (self.labels == MYOCARDIUM)
        row, column = ndimage.center_of_mass(heart)
        return float(row), float(column)


def real_cases(
    folder: Path, *, pattern: str = REAL_PATTERN, align_by_labels: bool = False
) -> Iterator[Case]:
    """The labelled series in a folder of arrays (``PNN_state_slice.npz``).

    align_by_labels: shift frames so that the labels' centres coincide, instead of correcting
    motion from the images: what is left then is the network's own error.
    """
    paths = sorted(folder.glob(pattern))
    if not paths:
        raise BadInput(f"No series {pattern} in {folder}.")
    for path in paths:
        with np.load(path) as stored:
            signal = stored["signal"].astype(np.float32)
            drawn = stored["labels"]
            spacing = float(stored["pixel_spacing_mm"])
        state = path.stem.split("_")[1]
        drawn = np.select([drawn == 2, drawn == 1], [LV_CAVITY, MYOCARDIUM], 0).astype(np.uint8)
        if align_by_labels:
            series, moved = _align_by_labels(signal, drawn)
        else:
            series, moved = _align_by_images(signal, drawn, spacing)
        yield Case(
            name=path.stem,
            group=f"{state} {path.stem.split('_')[2]}",
            series=series,
            time_s=np.arange(len(series), dtype=np.float64) * ASSUMED_INTERVAL_S[state],
            labels=majority(moved),
            pixel_spacing_mm=(spacing, spacing),
        )


def majority(drawn: Bytes) -> Bytes:
    """The label (H, W) that most of the labelled frames (T, H, W) give each pixel."""
    labelled = drawn[(drawn > 0).any(axis=(1, 2))]
    votes = np.stack([(labelled == label).mean(axis=0) for label in range(4)])
    winner: Bytes = votes.argmax(axis=0).astype(np.uint8)
    return winner


def _align_by_images(signal: Floats, drawn: Bytes, spacing: float) -> tuple[Floats, Bytes]:
    result = correct_motion(
        signal,
        frame_status=np.zeros(len(signal), dtype=np.uint8),
        pixel_spacing_mm=(spacing, spacing),
    )
    rows, columns = np.mgrid[: signal.shape[1], : signal.shape[2]].astype(np.float32)
    moved = np.zeros_like(drawn)
    for index in np.flatnonzero((drawn > 0).any(axis=(1, 2))):
        d = result.displacement_px[index]
        moved[index] = ndimage.map_coordinates(drawn[index], (rows + d[0], columns + d[1]), order=0)
    return result.corrected, moved


def _align_by_labels(signal: Floats, drawn: Bytes) -> tuple[Floats, Bytes]:
    labelled = np.flatnonzero((drawn > 0).any(axis=(1, 2)))
    centres = np.array([ndimage.center_of_mass(drawn[index] > 0) for index in labelled])
    offsets = np.round(centres - np.median(centres, axis=0)).astype(int)
    nearest = np.abs(np.arange(len(signal))[:, None] - labelled[None, :]).argmin(axis=1)
    moved = np.zeros_like(drawn)
    series = np.empty_like(signal)
    for index, (row, column) in enumerate(offsets[nearest]):
        series[index] = np.roll(signal[index], (-row, -column), axis=(0, 1))
        moved[index] = np.roll(drawn[index], (-row, -column), axis=(0, 1))
    return series, moved


def ge_case(archive: Path, truth: Path) -> Case:
    """The first-pass series of another vendor, whose clock is the cumulative TriggerTime."""
    import pydicom

    with zipfile.ZipFile(archive) as content:
        files = [name for name in content.namelist() if not name.endswith("/")]
        objects = [pydicom.dcmread(io.BytesIO(content.read(name))) for name in files]
    objects.sort(key=lambda item: int(item.InstanceNumber))
    signal = np.stack([item.pixel_array for item in objects]).astype(np.float32)
    with np.load(truth) as stored:
        labels = np.select(
            [stored["lv"], stored["myocardium"], stored["rv"]],
            [LV_CAVITY, MYOCARDIUM, RV_CAVITY],
            0,
        ).astype(np.uint8)
    time_s = np.array([float(item.TriggerTime) for item in objects]) / 1000
    spacing = [float(value) for value in objects[0].PixelSpacing]
    corrected = correct_motion(
        signal,
        frame_status=np.zeros(len(signal), dtype=np.uint8),
        pixel_spacing_mm=(spacing[0], spacing[1]),
    ).corrected
    return Case(
        name="GE",
        group="GE 1.5 T",
        series=corrected,
        time_s=time_s - time_s[0],
        labels=labels,
        pixel_spacing_mm=(spacing[0], spacing[1]),
    )


def frozen_slices(tier: Tier, count: int | None = None) -> Iterator[Case]:
    """The frozen test set's slices, freely breathing, motion corrected from the images.

    The truth is known without breathing; it goes through the true displacement into every frame
    and through the found one into the corrected series, where the majority counts.
    """
    for frozen in frozen_cases(tier)[:count]:
        taken = frozen.simulate().acquisitions[0].slices[0]
        status = np.where(taken.is_pd, FrameStatus.PROTON_DENSITY, FrameStatus.USED)
        signal = taken.signal.astype(np.float32)
        result = correct_motion(
            signal,
            frame_status=status.astype(np.uint8),
            pixel_spacing_mm=taken.geometry.pixel_spacing_mm,
            is_pd=taken.is_pd,
        )
        moved = [
            _carried(taken.truth.labels, taken.truth.displacement_px[frame], found)
            for frame, found in enumerate(result.displacement_px)
            if not taken.is_pd[frame] and frame % 4 == 0
        ]
        yield Case(
            name=f"{tier} {frozen.seed}",
            group=f"{frozen.position} {frozen.condition} {frozen.field_strength_t} T",
            series=result.corrected[~taken.is_pd],
            time_s=taken.time_s[~taken.is_pd],
            labels=majority(np.stack(moved)),
            pixel_spacing_mm=taken.geometry.pixel_spacing_mm,
        )


def _carried(labels: Bytes, true_shift: NDArray[np.float16], found_shift: Floats) -> Bytes:
    """Labels (H, W) as they lie in the corrected series if one frame is right about its motion."""
    rows, columns = np.mgrid[: labels.shape[0], : labels.shape[1]].astype(np.float32)
    at = np.stack((rows + found_shift[0], columns + found_shift[1]))
    back = np.stack(
        [
            ndimage.map_coordinates(part.astype(np.float32), at, order=1, mode="nearest")
            for part in true_shift
        ]
    )
    carried: Bytes = ndimage.map_coordinates(labels, at - back, order=0, mode="nearest")
    return carried
