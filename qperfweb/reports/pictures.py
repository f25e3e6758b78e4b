"""Vector pictures of a report: bullseyes, and maps with their contours."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .palette import FULL_SCALE, PERFUSION_STOPS, Stops, colour_of, colours, ink_on

TERRITORY_COLOURS = {"LAD": "#f2c811", "RCA": "#2fbf5f", "LCx": "#ef4444"}
RINGS = ((1, 6, 60.0, 100.0, 72.0), (7, 6, 60.0, 72.0, 44.0), (13, 4, 90.0, 44.0, 16.0))
"""First segment, segments, degrees each, outer and inner radius: basal, mid, apical."""

MARGIN = 0.35
"""Of the heart's size, around it, on a map."""


def bullseye_svg(
    values: Mapping[int, float | None],
    *,
    top: float,
    digits: int,
    stops: Stops = PERFUSION_STOPS,
) -> str:
    """AHA-16 bullseye with a number in every segment; segments without a value are hatched."""
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-104 -104 208 208" width="208" '
        'height="208" font-family="Libertinus Serif" font-size="11.5">',
        '<defs><pattern id="none" width="6" height="6" patternUnits="userSpaceOnUse">'
        '<rect width="6" height="6" fill="#e5e5e5"/>'
        '<path d="M0 6L6 0" stroke="#999999" stroke-width="1"/></pattern></defs>',
    ]
    for first, count, width, outer, inner in RINGS:
        # Segment 1 begins at 60 degrees, 13 at 45; both are anterior and centred on 90.
        for index in range(count):
            value, start = values.get(first + index), 90.0 - width / 2 + index * width
            parts.append(_sector(value, start, width, outer, inner, top, digits, stops))
    return "".join([*parts, "</svg>"])


def map_svg(
    mbf: NDArray[np.floating],
    matrix: Sequence[float],
    sectors: Sequence[Mapping[str, Any]],
    epi_rc: Sequence[Sequence[float]],
    *,
    top: float = FULL_SCALE,
    stops: Stops = PERFUSION_STOPS,
) -> str:
    """A map around the heart, in the standard view, with the sectors' outlines.

    matrix: the slice's display (right = a column + b row + c, down = d column + e row + f).
    """
    shown = displayed(mbf, matrix)
    pixels = _png(_blocks(colours(shown, top=top, stops=stops)))
    outline = [display_point(point, matrix) for point in epi_rc]
    left, upper = np.min(outline, axis=0)
    right, bottom = np.max(outline, axis=0)
    margin = MARGIN * max(right - left, bottom - upper)
    box = (left - margin, upper - margin, right - left + 2 * margin, bottom - upper + 2 * margin)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{_numbers(box)}" '
        f'width="{box[2]:.1f}" height="{box[3]:.1f}">',
        f'<rect x="{box[0]:.1f}" y="{box[1]:.1f}" width="{box[2]:.1f}" height="{box[3]:.1f}"/>',
        f'<image x="-0.5" y="-0.5" width="{shown.shape[1]}" height="{shown.shape[0]}" '
        f'image-rendering="pixelated" href="{pixels}"/>',
    ]
    for sector in sectors:
        points = " ".join(
            "{:.2f},{:.2f}".format(*display_point(p, matrix)) for p in sector["outline_rc"]
        )
        colour = TERRITORY_COLOURS[sector["territory"]]
        parts.append(
            f'<polygon points="{points}" fill="none" stroke="{colour}" stroke-width="0.5"/>'
        )
    return "".join([*parts, "</svg>"])


def displayed(array: NDArray[Any], matrix: Sequence[float]) -> NDArray[Any]:
    """An (H, W) array turned and flipped into the standard view."""
    a, b, _, d, e, _ = matrix
    turned = array.T if a == 0 else array
    right, down = (b, d) if a == 0 else (a, e)
    turned = turned[:, ::-1] if right < 0 else turned
    return turned[::-1] if down < 0 else turned


def display_point(point_rc: Sequence[float], matrix: Sequence[float]) -> tuple[float, float]:
    """(right, down) of a (row, column) point."""
    row, column = point_rc
    a, b, c, d, e, f = matrix
    return a * column + b * row + c, d * column + e * row + f


def colour_bar_svg(*, top: float = FULL_SCALE, stops: Stops = PERFUSION_STOPS) -> str:
    """The palette from 0 to ``top``, lying."""
    png = _png(colours(np.linspace(0, top, 256)[None, :], top=top, stops=stops))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 256 10" width="256" height="10">'
        f'<image width="256" height="10" preserveAspectRatio="none" href="{png}"/></svg>'
    )


def _sector(
    value: float | None,
    start: float,
    width: float,
    outer: float,
    inner: float,
    top: float,
    digits: int,
    stops: Stops,
) -> str:
    def at(radius: float, degrees: float) -> str:
        angle = np.radians(degrees)
        return f"{radius * np.cos(angle):.2f} {-radius * np.sin(angle):.2f}"

    end = start + width
    path = (
        f"M{at(outer, start)}A{outer} {outer} 0 0 0 {at(outer, end)}"
        f"L{at(inner, end)}A{inner} {inner} 0 0 1 {at(inner, start)}Z"
    )
    fill = "url(#none)" if value is None else colour_of(value, top=top, stops=stops)
    shape = f'<path d="{path}" fill="{fill}" stroke="#ffffff" stroke-width="1"/>'
    if value is None:
        return shape
    x, y = at((outer + inner) / 2, start + width / 2).split()
    ink = ink_on(value, top=top, stops=stops)
    return (
        f'{shape}<text x="{x}" y="{float(y) + 4:.2f}" text-anchor="middle" fill="{ink}">'
        f"{value:.{digits}f}</text>"
    )


def _blocks(rgb: NDArray[np.uint8], size: int = 6) -> NDArray[np.uint8]:
    """Every pixel as a block: PDF viewers smooth small images, and a map must show its pixels."""
    return rgb.repeat(size, axis=0).repeat(size, axis=1)


def _png(rgb: NDArray[np.uint8]) -> str:
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, format="PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _numbers(values: Sequence[float]) -> str:
    return " ".join(f"{value:.2f}" for value in values)
