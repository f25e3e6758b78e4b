"""Contact sheets of simulated series: ``python -m analysis.phantom.sheets OUT.jpg``.

Each row is one training sample: before the bolus, right ventricle, left ventricle, wall (with the
label's edges), late. What a network is fed should look like a heart to a person.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from analysis.domain import Bytes
from analysis.phantom.samples import TrainingSample, training_sample

_COLOURS = {1: (60, 60, 255), 2: (0, 220, 255), 3: (220, 200, 0)}
"""BGR of LV cavity, myocardium and RV."""
_ZOOM = 1.5


def contact_sheet(samples: Sequence[TrainingSample], *, columns: int = 3) -> Bytes:
    """BGR image (uint8) with ``columns`` samples beside each other in every row."""
    strips = [_strip(sample) for sample in samples]
    missing = -len(strips) % columns
    strips += [np.zeros_like(strips[0])] * missing
    rows = [np.hstack(strips[k : k + columns]) for k in range(0, len(strips), columns)]
    return np.asarray(np.vstack(rows))


def _strip(sample: TrainingSample) -> Bytes:
    arrival, transit = sample.meta["arrival_s"], sample.meta["transit_s"]
    heart = sample.series[:, sample.labels > 0]
    top = float(np.percentile(heart if heart.size else sample.series, 98))
    low = min(0.0, float(np.percentile(sample.series, 1)))
    moments = (0.0, arrival + 2.0, arrival + transit + 1.0, arrival + transit + 7.0, 1e9)
    tiles = []
    for k, moment in enumerate(moments):
        frame = sample.series[int(np.argmin(np.abs(sample.time_s - moment)))]
        grey = np.clip(255.0 * (frame - low) / max(top - low, 1e-6), 0, 255).astype(np.uint8)
        big = cv2.resize(grey, None, fx=_ZOOM, fy=_ZOOM, interpolation=cv2.INTER_NEAREST)
        tile = cv2.cvtColor(big, cv2.COLOR_GRAY2BGR)
        if k == 3:
            _outline(tile, sample.labels)
        tiles.append(tile)
    gap = np.full((tiles[0].shape[0], 4, 3), 40, dtype=np.uint8)
    return np.hstack([part for tile in tiles for part in (tile, gap)])


def _outline(tile: Bytes, labels: Bytes) -> None:
    for value, colour in _COLOURS.items():
        mask = cv2.resize(
            (labels == value).astype(np.uint8),
            None,
            fx=_ZOOM,
            fy=_ZOOM,
            interpolation=cv2.INTER_NEAREST,
        )
        edges, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(tile, edges, -1, colour, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw a contact sheet of training samples.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--tier", choices=("easy", "standard", "wild"), default="wild")
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    samples = [training_sample(rng, tier=args.tier) for _ in range(args.count)]
    cv2.imwrite(str(args.out), contact_sheet(samples), [cv2.IMWRITE_JPEG_QUALITY, 80])


if __name__ == "__main__":
    main()
