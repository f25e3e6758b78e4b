"""Myocardial blood flow, pixel by pixel."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.constants import DEFAULT_HAEMATOCRIT, DEFAULT_TISSUE_DENSITY_G_PER_ML
from analysis.domain import Bools, Bytes, Doubles, Floats, FlowMap
from analysis.errors import BadInput
from analysis.perfusion import batch
from analysis.perfusion.input_function import Interpolation, input_function
from analysis.perfusion.kinetics import Model
from analysis.perfusion.least_squares import Fitted
from analysis.perfusion.models import model_named
from analysis.perfusion.pixel_quality import after_fit, before_fit
from analysis.perfusion.time_axis import fitting_frames, usable_frames
from analysis.quality import PixelQuality

_TRIAL_PIXELS: Final = 256


def map_flow(
    gd: Floats,
    aif: Doubles,
    *,
    model: str = "btex",
    dt_s: float | None = None,
    time_s: Doubles | None = None,
    aif_time_s: Doubles | None = None,
    mask: Bools | None = None,
    haematocrit: float = DEFAULT_HAEMATOCRIT,
    density: float = DEFAULT_TISSUE_DENSITY_G_PER_ML,
    interpolation: Interpolation | None = None,
) -> FlowMap:
    """Fit a flow model to every pixel of a concentration series.

    gd: (T, H, W) tissue and aif: (T_a,) whole blood, mmol/L, baselines subtracted; frames that are
    NaN throughout are left out. Times: ``dt_s`` for both, or ``time_s`` (T,) and ``aif_time_s``
    (T_a,; default time_s) on one clock, as acquired: the model is compared with the frames where
    they are, so a missed beat needs no invented data. mask: (H, W) pixels to fit. density: g/ml.

    The fit is done in blood units, where no haematocrit enters: with the plasma curve Ca/(1-Hct),
    MBF = Fp/(1-Hct), and all other parameters scale alike. ``interpolation`` of the AIF between its
    samples: by default the one that explains the tissue better.

    Raises BadInput where shapes, times or the AIF cannot be used at all; doubts about single pixels
    are reason codes.
    """
    chosen = model_named(model)
    gd = np.asarray(gd, np.float32)
    aif = np.asarray(aif, np.float64)
    _check(gd, aif, mask, haematocrit, density)
    time_s, aif_time_s = _clocks(gd, aif, dt_s, time_s, aif_time_s)
    sampled = usable_frames(aif, aif_time_s)
    if sampled.size < 3:
        raise BadInput("The arterial input function has fewer than three usable samples.")
    aif, aif_time_s = aif[sampled], aif_time_s[sampled]

    frames, last_s = fitting_frames(chosen, aif, aif_time_s, gd, time_s)
    if frames.size == 0:
        frames = np.arange(1)  # too few for any pixel, which is the reason that each gets
    curves = gd[frames].reshape(frames.size, -1).T / np.float32(density)
    quality = before_fit(curves, mask)
    rows = np.flatnonzero(quality == PixelQuality.OK)
    curves = np.ascontiguousarray(curves[rows])

    method = interpolation or _better_interpolation(chosen, aif, aif_time_s, time_s[frames], curves)
    blood = input_function(aif, aif_time_s, time_s[frames], interpolation=method)
    fitted = batch.fit_curves(chosen, blood, curves)
    quality[rows] = after_fit(
        chosen,
        fitted,
        curves,
        mbf=batch.values_of(fitted)[:, 0],
        mbf_se=batch.standard_errors_of(fitted)[:, 0],
    )

    shown = np.flatnonzero(np.isfinite(time_s) & (time_s <= last_s))
    shown_blood = input_function(aif, aif_time_s, time_s[shown], interpolation=method)
    model_curves = np.full((len(gd), quality.size), np.nan, np.float16)
    for part in batch.parts(rows.size):
        model_curves[np.ix_(shown, rows[part])] = (
            density * batch.tissue_curves(chosen, shown_blood, fitted.parameters[part]).T
        )
    return _as_map(
        chosen,
        fitted,
        rows,
        quality.reshape(gd.shape[1:]),
        model_curves.reshape(gd.shape),
        samples=frames.size,
        haematocrit=haematocrit,
        density=density,
        interpolation=method,
    )


def _as_map(
    model: Model,
    fitted: Fitted,
    rows: NDArray[np.intp],
    quality: Bytes,
    model_curves: NDArray[np.float16],
    *,
    samples: int,
    haematocrit: float,
    density: float,
    interpolation: Interpolation,
) -> FlowMap:
    """Maps (H, W) from the fits of the pixels ``rows``, NaN where the quality is not OK."""
    values = batch.values_of(fitted)
    errors = batch.standard_errors_of(fitted)
    names = [parameter.name for parameter in model.PARAMETERS] + ["delay"]
    empty = np.full(quality.shape, np.nan, np.float32)

    def painted(column: NDArray[np.floating]) -> Floats:
        image = empty.copy().ravel()
        image[rows] = column
        image[quality.ravel() != PixelQuality.OK] = np.nan
        return image.reshape(quality.shape)

    def kept(rows_of_all: NDArray[np.floating]) -> Floats:
        """Values (N, ...) of the fits in the place of their pixels."""
        image = np.full((quality.size, *rows_of_all.shape[1:]), np.nan, np.float32)
        image[rows] = rows_of_all
        return image.reshape(*quality.shape, *rows_of_all.shape[1:])

    def maps(name: str) -> tuple[Floats, Floats]:
        if name not in names:
            return empty, empty
        return painted(values[:, names.index(name)]), painted(errors[:, names.index(name)])

    mbf, mbf_se = maps("mbf")
    delay, delay_se = maps("delay")
    ps, ps_se = maps("ps")
    vb, vb_se = maps("vb")
    visf, visf_se = maps("visf")
    return FlowMap(
        model=model.NAME,
        mbf_ml_per_min_per_g=mbf,
        mbf_se=mbf_se,
        delay_s=delay,
        delay_se=delay_se,
        ps_ml_per_min_per_g=ps,
        ps_se=ps_se,
        vb_ml_per_g=vb,
        vb_se=vb_se,
        visf_ml_per_g=visf,
        visf_se=visf_se,
        residual_rms_mmol_per_l=painted(density * np.sqrt(fitted.power / samples)),
        quality=quality,
        fitted_mmol_per_l=model_curves,
        haematocrit=haematocrit,
        tissue_density_g_per_ml=density,
        aif_interpolation=interpolation,
        parameters=tuple(names),
        coordinates=kept(fitted.parameters),
        covariance=kept(fitted.covariance),
    )


def _better_interpolation(
    model: Model, aif: Doubles, aif_time_s: Doubles, tissue_time_s: Doubles, curves: Floats
) -> Interpolation:
    """The interpolation of the AIF whose fits leave less, over a sample of pixels.

    Samples of a bolus half a second or a heartbeat apart do not say what happened between them. The
    tissue does: it has seen the true bolus.
    """
    sample = curves[:: max(1, len(curves) // _TRIAL_PIXELS)]
    if len(sample) == 0 or aif.size < 4:
        return "linear"
    misfits: dict[Interpolation, float] = {}
    methods: tuple[Interpolation, ...] = ("linear", "cubic")
    for method in methods:
        blood = input_function(aif, aif_time_s, tissue_time_s, interpolation=method)
        power = batch.fit_curves(model, blood, sample).power
        misfits[method] = float(np.log(power + 1e-20).sum())
    return min(methods, key=misfits.__getitem__)


def _check(
    gd: Floats, aif: Doubles, mask: Bools | None, haematocrit: float, density: float
) -> None:
    if gd.ndim != 3 or aif.ndim != 1:
        raise BadInput(
            f"A (T, H, W) series and a (T,) input function are needed, not {gd.shape}, {aif.shape}."
        )
    if mask is not None and np.shape(mask) != gd.shape[1:]:
        raise BadInput(f"The mask is {np.shape(mask)}, the images are {gd.shape[1:]}.")
    if not 0 <= haematocrit <= 0.8:
        raise BadInput(f"A haematocrit of {haematocrit:g} is not possible; it is a fraction.")
    if not 0.5 <= density <= 2:
        raise BadInput(f"A tissue density of {density:g} g/ml is not possible.")


def _clocks(
    gd: Floats,
    aif: Doubles,
    dt_s: float | None,
    time_s: Doubles | None,
    aif_time_s: Doubles | None,
) -> tuple[Doubles, Doubles]:
    if time_s is None:
        if dt_s is None or not 0.01 <= dt_s <= 30:
            raise BadInput(f"The time between frames must be 0.01 to 30 s, not {dt_s}.")
        times = dt_s * np.arange(len(gd), dtype=np.float64)
        aif_times = dt_s * np.arange(aif.size, dtype=np.float64)
    else:
        times = np.asarray(time_s, np.float64)
        aif_times = times if aif_time_s is None else np.asarray(aif_time_s, np.float64)
    if times.size != len(gd) or aif_times.size != aif.size:
        raise BadInput(
            f"{len(gd)} frames have {times.size} times; "
            f"{aif.size} input function samples have {aif_times.size}."
        )
    return times, aif_times
