"""How time grows with pixels, frames, slices, studies and workers: ./run benchmark --growth OUT.png

Processor seconds on one thread, so that a busy machine disturbs them little; over workers seconds
by the clock. Each curve is fitted with a power; 1 means twice the work in twice the time.

    python -m analysis.benchmarks.growth OUT.png [-]

draws what needs no database; with "-" it takes rows of the others as JSON from standard input.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from analysis.dicom import classify, load_exam, read_objects
from analysis.evaluation.flow_cases import draw_cases
from analysis.motion import correct_motion
from analysis.perfusion import map_flow
from analysis.phantom import simulate_exam, write_dicom
from analysis.pipeline import analyse
from analysis.segmentation import preload

SIDES: Final = (44, 88, 132, 176)
FRAMES: Final = (20, 40, 60, 80)
SLICES: Final = (1, 2, 3)
_NOISE_MMOL_PER_L: Final = 0.025


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Seconds over how much of something; ``power`` is the slope in a doubly logarithmic plot."""

    what: str
    of: str
    amounts: Sequence[int]
    seconds: Sequence[float]
    clock: str = "processor seconds"

    @property
    def power(self) -> float:
        return float(np.polyfit(np.log(self.amounts), np.log(self.seconds), 1)[0])


def curves() -> list[Curve]:
    """Measure all of them."""
    preload()
    return [
        _grown("flow map (60 frames)", "pixels", [s * s for s in SIDES], lambda n: _flow(n, 60)),
        _grown("flow map (88 x 88)", "frames", FRAMES, lambda n: _flow(88 * 88, n)),
        _grown("motion of one slice", "frames", FRAMES, _motion),
        _grown("whole exam, stress and rest", "slices", SLICES, _exam),
    ]


def curves_of(rows: Iterable[Mapping[str, Any]]) -> list[Curve]:
    """Over studies and workers, from the rows of the benchmarks that need a database."""
    worklist, agreement, exams = {}, {}, {}
    for row in rows:
        if row["name"] == "worklist_p95_ms":
            asked = [question["processor_ms"] / 1000 for question in row["questions"]]
            worklist[row["studies"]] = sum(asked) / len(asked)
        elif row["name"] == "agreement_p95_ms":
            agreement[row["studies"]] = row["questions"][0]["processor_ms"] / 1000
        else:
            exams[row["exams"]] = row["value"] / row["exams"]
    named = {
        ("worklist, mean of all questions", "studies", "processor seconds"): worklist,
        ("agreement, first view", "studies", "processor seconds"): agreement,
        ("an exam, as many at once as workers", "workers", "seconds an exam"): exams,
    }
    return [
        Curve(what=what, of=of, amounts=list(found), seconds=list(found.values()), clock=clock)
        for (what, of, clock), found in named.items()
    ]


def plot(found: Sequence[Curve], target: Path) -> None:
    """One picture with a panel for each curve."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = -(-len(found) // 4)
    figure, grid = pyplot.subplots(rows, 4, figsize=(13.6, 3.0 * rows), squeeze=False)
    for panel in grid.flat[len(found) :]:
        panel.remove()
    for panel, curve in zip(grid.flat, found, strict=False):
        panel.plot(curve.amounts, curve.seconds, "o-", color="#2563eb")
        panel.set_title(f"{curve.what}\npower {curve.power:.2f}", fontsize=9)
        panel.set_xlabel(curve.of)
        panel.set_ylabel(curve.clock)
        panel.set_xticks(curve.amounts)
        panel.set_ylim(bottom=0)
        panel.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(target, dpi=110)
    pyplot.close(figure)


def _grown(
    what: str, of: str, amounts: Sequence[int], work: Callable[[int], Callable[[], object]]
) -> Curve:
    seconds = []
    for amount in amounts:
        ready = work(amount)
        began = time.process_time()
        ready()
        seconds.append(time.process_time() - began)
    return Curve(what=what, of=of, amounts=list(amounts), seconds=seconds)


def _flow(pixels: int, frames: int) -> Callable[[], object]:
    cases = draw_cases(
        "stress",
        count=min(pixels, 2000),
        frames=frames,
        continuous=False,
        noise_mmol_per_l=_NOISE_MMOL_PER_L,
    )
    side = int(np.sqrt(pixels))
    series = np.resize(cases.curves, (side * side, frames)).T.reshape(frames, side, side)
    contiguous = np.ascontiguousarray(series, dtype=np.float32)
    return lambda: map_flow(contiguous, cases.aif, dt_s=0.5)


def _motion(frames: int) -> Callable[[], object]:
    exam = simulate_exam(1, conditions=("stress",), slices=1, beats=frames, breathing="free")
    part = exam.acquisitions[0].slices[0]
    return lambda: correct_motion(
        part.signal.astype(np.float32),
        frame_status=part.is_pd.astype(np.uint8),
        pixel_spacing_mm=part.geometry.pixel_spacing_mm,
        is_pd=part.is_pd,
    )


def _exam(slices: int) -> Callable[[], object]:
    with TemporaryDirectory(prefix="qperf-growth-") as folder:
        write_dicom(simulate_exam(1, slices=slices), Path(folder))
        objects, _ = read_objects([Path(folder)])
        exam = load_exam(objects, classify([found.facts for found in objects]))
    return lambda: analyse(exam)


def main(target: Path, *more: str) -> None:
    found = [*curves(), *(curves_of(json.load(sys.stdin)) if more == ("-",) else [])]
    for curve in found:
        told = ", ".join(
            f"{amount:,}: {s:.3g}" for amount, s in zip(curve.amounts, curve.seconds, strict=True)
        )
        print(f"| {curve.what} | {curve.of} | {told} | {curve.power:.2f} |")
    plot(found, target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
