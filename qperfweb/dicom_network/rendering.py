"""A frame as a picture for the eye: window, region and size as PS3.18 8.3.5 lets a client ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from pydicom.dataset import Dataset
from pydicom.pixels import apply_color_lut
from rest_framework.request import Request

from qperfweb.core.errors import Invalid

FUNCTIONS: Final = ("linear", "linear-exact", "sigmoid")
UNKNOWN: Final = ("annotation", "iccprofile")
"""Parameters of the standard that are not carried out; the answer says so."""

_MOST_PIXELS_A_SIDE: Final = 4096
_DEFAULT_QUALITY: Final = 90


@dataclass(frozen=True, kw_only=True)
class Window:
    """Values from centre - width / 2 to centre + width / 2, by one of FUNCTIONS."""

    centre: float
    width: float
    function: str


@dataclass(frozen=True, kw_only=True)
class Viewport:
    """size: the box that the picture fits in; region: (left, top, width, height) of the source,
    a negative width or height mirrors it; None: all."""

    size: tuple[int, int]
    region: tuple[float, float, float, float] | None


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """How the client wants its picture."""

    window: Window | None
    viewport: Viewport | None
    quality: int


def wishes_of(request: Request) -> Wishes:
    """The rendering parameters of a request. Raises Invalid for those that make no sense."""
    asked = request.query_params
    window, viewport, quality = (asked.get(k, "") for k in ("window", "viewport", "quality"))
    if quality and not (quality.isdigit() and 1 <= int(quality) <= 100):
        raise Invalid("quality is a whole number from 1 to 100.", field="quality")
    return Wishes(
        window=_window_asked(window) if window else None,
        viewport=_viewport_asked(viewport) if viewport else None,
        quality=int(quality or _DEFAULT_QUALITY),
    )


def picture_of(ds: Dataset, values: NDArray[Any], number: int, wishes: Wishes) -> Image.Image:
    """Frame ``number`` of an object, whose stored values are (rows, columns[, 3]).

    Raises ValueError, TypeError or AttributeError where the header does not allow it.
    """
    picture = Image.fromarray(_shades(ds, values, number, wishes.window))
    return _fitted(picture, wishes.viewport) if wishes.viewport else picture


def _window_asked(text: str) -> Window:
    centre, _, rest = text.partition(",")
    width, _, function = rest.partition(",")
    function = (function or "linear").strip().lower()
    try:
        window = Window(centre=float(centre), width=float(width), function=function)
    except ValueError:
        window = Window(centre=0.0, width=np.nan, function=function)
    lowest = 1.0 if function == "linear" else 0.0
    sound = np.isfinite((window.centre, window.width)).all() and window.width >= lowest
    if not sound or function not in FUNCTIONS or window.width == 0:
        raise Invalid(
            f"window is centre,width,function with one of {', '.join(FUNCTIONS)}.", field="window"
        )
    return window


def _viewport_asked(text: str) -> Viewport:
    parts = text.split(",")
    try:
        width, height = (int(part) for part in parts[:2])
        numbers = [float(part) for part in parts[2:]]
    except ValueError:
        width, height, numbers = 0, 0, [np.nan]
    sides_fit = min(width, height) >= 1 and max(width, height) <= _MOST_PIXELS_A_SIDE
    region_fits = len(numbers) in (0, 4) and all(abs(n) <= 1e5 for n in numbers)
    if not sides_fit or not region_fits or (numbers and 0 in numbers[2:]):
        raise Invalid(
            "viewport is width,height or width,height,left,top,width,height of the source, in "
            f"pixels up to {_MOST_PIXELS_A_SIDE}.",
            field="viewport",
        )
    if not numbers:
        return Viewport(size=(width, height), region=None)
    left, top, across, down = numbers
    return Viewport(size=(width, height), region=(left, top, across, down))


def _fitted(picture: Image.Image, viewport: Viewport) -> Image.Image:
    if viewport.region is not None:
        left, top, across, down = viewport.region
        # Outside of the image PIL fills with black; no more is made than the image has.
        across_kept = min(abs(across), picture.width - left) if across else picture.width
        down_kept = min(abs(down), picture.height - top) if down else picture.height
        if left < 0 or top < 0 or across_kept < 1 or down_kept < 1:
            raise Invalid("The region of viewport lies outside of the image.", field="viewport")
        box = (round(left), round(top), round(left + across_kept), round(top + down_kept))
        picture = picture.crop(box)
        picture = ImageOps.mirror(picture) if across < 0 else picture
        picture = ImageOps.flip(picture) if down < 0 else picture
    return ImageOps.contain(picture, viewport.size, Image.Resampling.BILINEAR)


def _shades(
    ds: Dataset, values: NDArray[Any], number: int, wanted: Window | None
) -> NDArray[np.uint8]:
    """8 bits for the eye; colour stays as it is, palettes are applied."""
    if values.ndim == 3:
        return values.astype(np.uint8)
    coloured = _by_palette(ds, values) if wanted is None else None
    if coloured is not None:
        return coloured
    slope = _of_frame(ds, number, "PixelValueTransformationSequence", "RescaleSlope")
    intercept = _of_frame(ds, number, "PixelValueTransformationSequence", "RescaleIntercept")
    scaled = values.astype(np.float64) * float(slope or 1) + float(intercept or 0)
    grey = _windowed(scaled, wanted or _window_stored(ds, number) or _window_of_all(scaled))
    shown = np.nan_to_num(np.rint(grey * 255)).astype(np.uint8)
    return 255 - shown if ds.get("PhotometricInterpretation") == "MONOCHROME1" else shown


def _windowed(values: NDArray[np.float64], window: Window) -> NDArray[np.float64]:
    """Values between 0 and 1 by PS3.3 C.11.2.1.2."""
    if window.function == "sigmoid":
        exponent = np.clip(-4 * (values - window.centre) / window.width, -700, 700)
        return np.asarray(1 / (1 + np.exp(exponent)))
    if window.function == "linear":
        span = max(window.width - 1, 1e-9)
        return np.clip((values - (window.centre - 0.5)) / span + 0.5, 0, 1)
    return np.clip((values - window.centre) / window.width + 0.5, 0, 1)


def _window_stored(ds: Dataset, number: int) -> Window | None:
    group = "FrameVOILUTSequence"
    centre = _of_frame(ds, number, group, "WindowCenter")
    width = _of_frame(ds, number, group, "WindowWidth")
    if centre is None or width is None:
        return None
    function = str(_of_frame(ds, number, group, "VOILUTFunction") or "linear")
    function = function.lower().replace("_", "-")
    first, span = float(np.atleast_1d(centre)[0]), float(np.atleast_1d(width)[0])
    if function not in FUNCTIONS or span <= 0:
        return None
    return Window(centre=first, width=span, function=function)


def _window_of_all(values: NDArray[np.float64]) -> Window:
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return Window(centre=(low + high) / 2, width=max(high - low, 1e-9), function="linear-exact")


def _of_frame(ds: Dataset, number: int, group: str, keyword: str) -> Any:
    """A value of a frame: its own, that of all frames, or the object's; None where nobody says."""
    own = ds.get("PerFrameFunctionalGroupsSequence") or []
    shared = ds.get("SharedFunctionalGroupsSequence") or []
    for item in (*own[number - 1 : number], *shared[:1]):
        for inner in (item.get(group) or [])[:1]:
            if inner.get(keyword) is not None:
                return inner.get(keyword)
    return ds.get(keyword)


def _by_palette(ds: Dataset, values: NDArray[Any]) -> NDArray[np.uint8] | None:
    """The colours that the object asks for itself; None where it is grey."""
    supplemental = ds.get("PixelPresentation") == "COLOR"
    if "RedPaletteColorLookupTableDescriptor" not in ds or not (
        supplemental or ds.get("PhotometricInterpretation") == "PALETTE COLOR"
    ):
        return None
    table = Dataset()
    for element in ds.group_dataset(0x0028):
        if element.keyword != "PixelPresentation":  # pydicom applies what it takes for a palette
            table.add(element)
    shown = apply_color_lut(values, table)
    return (shown // 257 if shown.dtype == np.uint16 else shown).astype(np.uint8)
