"""Segment one slice: find the heart, look at it from several sides, say how sure the answer is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
import torch
from torch import Tensor

from analysis.constants import BACKGROUND, LV_CAVITY, MYOCARDIUM
from analysis.domain import Doubles, Floats, Point, Segmentation
from analysis.quality import NO_CAVITY, Flag
from analysis.segmentation import locate
from analysis.segmentation.network import LightUNet, NetworkConfig, fold_normalisation
from analysis.segmentation.window import (
    BIN_S,
    BINS_BEFORE_FOOT,
    BLOOD_PERCENTILE,
    GRID_SIZE,
    GRID_SPACING_MM,
    bolus_foot_s,
    from_grid,
    normalise,
    resample_bins,
    to_grid,
)
from analysis.weights import load_model

MODEL_NAME: Final = "segmentation"
VIEWS: Final[tuple[tuple[float, float, bool, bool], ...]] = (
    (0, 0, False, False), (5, 3, False, False), (-4, 6, False, False), (3, -6, False, False),
    (-6, -4, True, False), (4, 5, True, True), (-3, 4, False, True), (6, -3, True, True),
)  # fmt: skip
"""Shift (rows, columns, in grid pixels) of the window and flips (rows, columns) of each look."""
RECENTRE_ABOVE_MM: Final = 3.0
LOW_HEART_SCORE: Final = 0.75
ANCHOR_BOX_MM: Final = 55.0
"""Half width of the box around a heart in which the arrival of the bolus is looked for again."""


@dataclass(frozen=True)
class LoadedNetwork:
    """A network ready for use with the version that results carry."""

    network: LightUNet
    version: str


@lru_cache(maxsize=4)
def load_network(version: str | None = None) -> LoadedNetwork:
    """The segmentation network, by default its newest version.

    Raises ModelUnavailable where weights are missing or damaged.
    """
    return load_named(MODEL_NAME, version)


def load_named(name: str, version: str | None = None) -> LoadedNetwork:
    """Any network of this shape under ``models/``, folded and ready."""
    stored = load_model(name, version)
    network = LightUNet(NetworkConfig.from_json(stored.document["architecture"]))
    network.load_state_dict(stored.state, strict=False)
    fold_normalisation(network)
    # torch's stubs do not know a memory format alone.
    return LoadedNetwork(network.to(memory_format=torch.channels_last), stored.version)  # type: ignore[call-overload]


def predict(network: LightUNet, windows: Floats) -> Floats:
    """Class probabilities (B, 4, h, w) of raw windows (B, bins, h, w); sides multiples of 8."""
    with torch.inference_mode():
        raw = torch.from_numpy(np.ascontiguousarray(windows, dtype=np.float32))
        batch: Tensor = normalise(raw).contiguous(memory_format=torch.channels_last)
        probabilities: Floats = network(batch).softmax(dim=1).numpy()
    return probabilities


@dataclass(frozen=True, kw_only=True)
class _Slice:
    """A slice binned in time around the bolus, and the way from its pixels to the grid and back."""

    series: Floats
    time_s: Doubles
    frames: Floats
    foot_s: float
    pixel_spacing_mm: tuple[float, float]

    @classmethod
    def anchored(
        cls, series: Floats, time_s: Doubles, spacing_mm: tuple[float, float], foot_s: float
    ) -> _Slice:
        frames = resample_bins(series, time_s, start_s=foot_s - BINS_BEFORE_FOOT * BIN_S)
        return cls(
            series=series, time_s=time_s, frames=frames, foot_s=foot_s, pixel_spacing_mm=spacing_mm
        )

    def anchored_near(self, centre_rc: Point) -> _Slice:
        """The same slice with the bolus looked for near a centre, where no breathing fat is."""
        low = [
            round(c - ANCHOR_BOX_MM / s)
            for c, s in zip(centre_rc, self.pixel_spacing_mm, strict=True)
        ]
        high = [
            round(c + ANCHOR_BOX_MM / s)
            for c, s in zip(centre_rc, self.pixel_spacing_mm, strict=True)
        ]
        box = self.series[:, max(0, low[0]) : max(2, high[0]), max(0, low[1]) : max(2, high[1])]
        foot = bolus_foot_s(box, self.time_s) if box.size else self.foot_s
        if abs(foot - self.foot_s) < BIN_S:
            return self
        return self.anchored(self.series, self.time_s, self.pixel_spacing_mm, foot)

    def window(self, centre_rc: Point, size: tuple[int, int] = (GRID_SIZE, GRID_SIZE)) -> Floats:
        return to_grid(
            self.frames, centre_rc=centre_rc, pixel_spacing_mm=self.pixel_spacing_mm, size=size
        )

    def to_pixels(
        self, point: tuple[float, float], centre_rc: Point, size: tuple[int, int]
    ) -> Point:
        """A grid position of a window of that size around centre_rc, in the slice's pixels."""
        step = [GRID_SPACING_MM / spacing for spacing in self.pixel_spacing_mm]
        return (
            centre_rc[0] + (point[0] - (size[0] - 1) / 2) * step[0],
            centre_rc[1] + (point[1] - (size[1] - 1) / 2) * step[1],
        )

    @cached_property
    def brightest_rise(self) -> float:
        return float(np.percentile(locate.rise(self.frames), BLOOD_PERCENTILE))

    @property
    def middle(self) -> Point:
        return (self.frames.shape[1] - 1) / 2, (self.frames.shape[2] - 1) / 2


def _first_look(network: LightUNet, part: _Slice) -> list[Point]:
    """Candidate centres in the slice's pixels from one pass over the whole image."""
    size = (
        8 * int(np.ceil(part.frames.shape[1] * part.pixel_spacing_mm[0] / GRID_SPACING_MM / 8)),
        8 * int(np.ceil(part.frames.shape[2] * part.pixel_spacing_mm[1] / GRID_SPACING_MM / 8)),
    )
    whole = part.window(part.middle, size)
    probabilities = predict(network, whole[None])[0]
    found = locate.candidate_centres(probabilities, grid_spacing_mm=GRID_SPACING_MM)
    if not found:
        found = [locate.moving_centre(whole)]
    return [part.to_pixels(centre, part.middle, size) for centre in found]


def _settle(
    network: LightUNet, part: _Slice, start: Point, *, foot_known: bool
) -> tuple[float, Point, _Slice]:
    """Re-centre a window on the network's own answer; returns its likeness and place."""
    centre = start
    score = 0.0
    for _ in range(3):
        if not foot_known:
            part = part.anchored_near(centre)
        window = part.window(centre)
        probabilities = predict(network, window[None])[0]
        score = locate.likeness(probabilities)
        score *= locate.filled_with_blood(probabilities, window, part.brightest_rise)
        found = locate.heart_centre(probabilities)
        if found is None:
            break
        moved = part.to_pixels(found, centre, (GRID_SIZE, GRID_SIZE))
        step_mm = np.hypot(
            (moved[0] - centre[0]) * part.pixel_spacing_mm[0],
            (moved[1] - centre[1]) * part.pixel_spacing_mm[1],
        )
        centre = moved
        if step_mm < RECENTRE_ABOVE_MM:
            break
    return score, centre, part


def _look_from_all_sides(network: LightUNet, part: _Slice, centre: Point) -> tuple[Floats, Floats]:
    """Mean probabilities (4, H, W) and the spread of the myocardium (H, W) over all views."""
    steps = [GRID_SPACING_MM / spacing for spacing in part.pixel_spacing_mm]
    centres = [(centre[0] + v[0] * steps[0], centre[1] + v[1] * steps[1]) for v in VIEWS]
    windows = np.stack([part.window(place) for place in centres])
    flips = [tuple(axis for axis in (1, 2) if view[axis + 1]) for view in VIEWS]
    turned = np.stack([np.flip(w, f) for w, f in zip(windows, flips, strict=True)])
    answers = predict(network, turned)
    maps = np.stack(
        [
            from_grid(
                np.flip(answer, flip),
                centre_rc=place,
                pixel_spacing_mm=part.pixel_spacing_mm,
                shape=(part.frames.shape[1], part.frames.shape[2]),
            )
            for answer, flip, place in zip(answers, flips, centres, strict=True)
        ]
    )
    spread: Floats = maps[:, MYOCARDIUM].std(axis=0).astype(np.float32)
    mean: Floats = maps.mean(axis=0).astype(np.float32)
    mean[BACKGROUND] += np.clip(1 - mean.sum(axis=0), 0, None)
    return mean, spread


def window_around(
    series: Floats,
    time_s: Doubles,
    pixel_spacing_mm: tuple[float, float],
    centre_rc: Point,
    size: tuple[int, int],
) -> Floats:
    """The normalised window (BINS, *size) that a network sees around a known heart."""
    foot = bolus_foot_s(series, time_s)
    part = _Slice.anchored(series, time_s, pixel_spacing_mm, foot).anchored_near(centre_rc)
    normalised: Floats = normalise(torch.from_numpy(part.window(centre_rc, size)[None]))[0].numpy()
    return normalised


def segment(
    series: Floats,
    time_s: Doubles,
    pixel_spacing_mm: tuple[float, float],
    *,
    foot_s: float | None = None,
    centre_rc: Point | None = None,
    version: str | None = None,
) -> Segmentation:
    """Segment the heart of one motion-corrected slice.

    series: (T, H, W) without proton-density frames; raw signal of any gain, PD-normalised or
    gadolinium. time_s: (T,) increasing. foot_s: arrival of the bolus where known. centre_rc: where
    the LV is, where known. Returns probabilities and uncertainty (H, W) on the slice's own pixels;
    the uncertainty is the spread of the myocardium's probability over shifted and mirrored looks,
    a fast stand-in for the patch-level map of Yalcinkaya 2022.

    Raises ModelUnavailable where the weights are missing or damaged.
    """
    loaded = load_network(version)
    finite = np.nan_to_num(np.asarray(series, dtype=np.float32), posinf=0.0, neginf=0.0)
    foot_known = foot_s is not None
    if foot_s is None:
        foot_s = bolus_foot_s(finite, time_s)
    part = _Slice.anchored(finite, time_s, pixel_spacing_mm, foot_s)
    if centre_rc is None:
        looks = [
            _settle(loaded.network, part, start, foot_known=foot_known)
            for start in _first_look(loaded.network, part)
        ]
        _, centre_rc, part = max(looks, key=lambda look: look[0])
    elif not foot_known:
        part = part.anchored_near(centre_rc)
    probabilities, uncertainty = _look_from_all_sides(loaded.network, part, centre_rc)
    return Segmentation(
        probabilities=probabilities,
        uncertainty=uncertainty,
        model=MODEL_NAME,
        model_version=loaded.version,
        flags=_doubts(probabilities),
    )


def _doubts(probabilities: Floats) -> tuple[Flag, ...]:
    labels = probabilities.argmax(axis=0)
    if not (labels == MYOCARDIUM).any():
        return (
            Flag(
                code="heart-not-found",
                message="The network found no left ventricle in this slice.",
                severity="invalid",
            ),
        )
    flags = []
    if not (labels == LV_CAVITY).any():
        flags.append(NO_CAVITY)
    if locate.heart_score(probabilities) < LOW_HEART_SCORE:
        flags.append(
            Flag(
                code="segmentation-doubtful",
                message="The contours of this slice are doubtful: no closed, confident ring.",
            )
        )
    return tuple(flags)
