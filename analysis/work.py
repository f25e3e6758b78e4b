"""What the pipeline carries from stage to stage, and how it keeps time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from analysis.domain import (
    Acquisition,
    AifResult,
    Bools,
    Bytes,
    Floats,
    FlowMap,
    MotionResult,
    PerfusionSlice,
    Segmentation,
    SliceContours,
    UpslopeMap,
)
from analysis.errors import AnalysisError, Cancelled, ModelUnavailable
from analysis.gadolinium import noise_sd
from analysis.perfusion import RegionFlow
from analysis.quality import Flag, FrameStatus
from analysis.sectors import SliceMeasurement
from analysis.uncertainty import SliceUncertainty

Progress = Callable[[str, float], None]
"""Called with a stage's name and the share (0-1) of the whole run that is done; may raise
Cancelled."""

STAGE_SHARES: Final[dict[str, float]] = {
    "motion": 0.35,
    "gadolinium": 0.05,
    "aif": 0.10,
    "flow": 0.30,
    "segmentation": 0.15,
    "sectors": 0.03,
    "uncertainty": 0.02,
}
"""Usual share of every stage in a run's time."""

_log = logging.getLogger(__name__)


class Watch:
    """Reports progress and adds up the seconds spent in each stage."""

    def __init__(self, progress: Progress, *, parts: int) -> None:
        self._progress = progress
        self._parts = max(parts, 1)
        self._done = 0.0
        self.timings_s: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str, *, passes: int = 1) -> Iterator[None]:
        """Time one of the passes of a stage of one acquisition; on leaving it its share is done."""
        self._progress(name, min(self._done, 1.0))
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            self.timings_s[name] = self.timings_s.get(name, 0.0) + spent
            self._done += STAGE_SHARES.get(name, 0.0) / self._parts / passes

    def still_wanted(self, name: str) -> None:
        """Give the caller a chance to cancel in the middle of a stage."""
        self._progress(name, min(self._done, 1.0))


@dataclass(kw_only=True)
class SliceWork:
    """One slice on its way; fields fill up stage by stage, a failure leaves its reason as a flag.

    gd: (T, H, W) mmol/L, baseline subtracted, NaN where unused. wanted: whether later stages may
    still use the slice. settled: a second registration would change nothing, so what was made of
    the first one stands. other_flows, other_measurements: by the name of each model that is mapped
    beside the main one. region_flows: MBF of each segment's median curve, which gives the map its
    level; pixelwise_mbf: mean of the pixels fitted one by one, the second method; by segment.
    """

    key: str
    source: PerfusionSlice
    flags: list[Flag] = field(default_factory=list)
    wanted: bool = True
    settled: bool = False
    motion: MotionResult | None = None
    gd: Floats | None = None
    flow: FlowMap | None = None
    upslope: UpslopeMap | None = None
    mbf: Floats | None = None
    segmentation: Segmentation | None = None
    contours: SliceContours | None = None
    measurement: SliceMeasurement | None = None
    uncertainty: SliceUncertainty | None = None
    other_flows: dict[str, FlowMap] = field(default_factory=dict)
    region_flows: dict[int, RegionFlow] = field(default_factory=dict)
    pixelwise_mbf: dict[int, float] = field(default_factory=dict)
    other_measurements: dict[str, SliceMeasurement] = field(default_factory=dict)

    @property
    def corrected(self) -> Floats:
        return self.source.signal if self.motion is None else self.motion.corrected

    @property
    def frame_status(self) -> Bytes:
        return self.source.frame_status if self.motion is None else self.motion.frame_status

    @property
    def used(self) -> Bools:
        """Frames (T,) that enter fits."""
        used: Bools = (self.frame_status == FrameStatus.USED) & ~self.source.is_pd
        return used

    @cached_property
    def noise_sd(self) -> float:
        """Noise of a pixel in the source's unit, before anything was moved."""
        status = self.source.frame_status
        used: Bools = (status == FrameStatus.USED) & ~self.source.is_pd
        return noise_sd(self.source.signal, used)

    @contextmanager
    def part(self, doing: str) -> Iterator[None]:
        """Do one stage of this slice; if it fails, the other slices go on without it.

        Cancelling and missing network weights concern the whole run and are passed on.
        """
        try:
            yield
        except (Cancelled, ModelUnavailable):
            raise
        except AnalysisError as error:
            self.lose(f"{doing} failed: {error}")
        except Exception:
            _log.exception("%s: %s failed", self.key, doing)
            self.lose(f"{doing} failed for a reason that only the log holds.")

    def lose(self, message: str) -> None:
        """Leave the slice out of all later stages, with the reason."""
        self.wanted = False
        self.flags.append(
            Flag(code="slice-failed", message=message[0].upper() + message[1:], severity="invalid")
        )


@dataclass(kw_only=True)
class AcquisitionWork:
    """One acquisition on its way through the stages.

    models: name and version of networks that had a part in it beside the slices' own.
    """

    key: str
    source: Acquisition
    slices: list[SliceWork]
    aif: AifResult | None = None
    models: dict[str, str] = field(default_factory=dict)
    flags: list[Flag] = field(default_factory=list)
    base_to_apex: tuple[float, float, float] | None = None

    @property
    def quantitative(self) -> bool:
        """Whether its numbers are absolute flow rather than relative indices."""
        return self.source.sequence != "single"

    def remaining(self) -> list[SliceWork]:
        return [part for part in self.slices if part.wanted]
