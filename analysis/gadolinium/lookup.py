"""Look-up tables from signal ratio to concentration for one protocol."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np

from analysis.domain import Bools, Doubles, Floats, ReadoutProtocol
from analysis.gadolinium.bssfp import bssfp_ratio
from analysis.gadolinium.flash import flash_ratio
from analysis.gadolinium.relaxation import Tissue, relaxation_of
from analysis.quality import Flag

LARGEST_GD_MMOL_PER_L: Final = 20.0
_STEP_MMOL_PER_L: Final = 0.02
_FLATTEST_SLOPE: Final = 0.01
_PLAUSIBLE_ECHO_SPACING_MS: Final = (1.5, 6.0)
_DEFAULT_ECHO_SPACING_MS: Final = 2.5


@dataclass(frozen=True, kw_only=True)
class LookupTable:
    """ratio(gd), strictly increasing; gd_mmol_per_l and ratio are (K,).

    The table ends where the signal no longer tells concentrations apart: at 1 % of its first slope.
    """

    gd_mmol_per_l: Doubles
    ratio: Doubles
    assumptions: tuple[Flag, ...] = ()

    def invert(self, ratio: Floats) -> tuple[Floats, Bools]:
        """Concentration (mmol/L) per ratio, and where the ratio lies above the table.

        Below ratio(0) the table goes on linearly, because clamping biases a noisy baseline. Above
        its end the concentration is the table's largest, to be flagged as saturated. Not finite in,
        NaN out.
        """
        gd = np.interp(ratio, self.ratio, self.gd_mmol_per_l, left=np.nan).astype(np.float32)
        below = ratio < self.ratio[0]
        slope = (self.gd_mmol_per_l[1] - self.gd_mmol_per_l[0]) / (self.ratio[1] - self.ratio[0])
        gd[below] = ((ratio[below] - self.ratio[0]) * slope).astype(np.float32)
        gd[~np.isfinite(ratio)] = np.nan
        return gd, np.asarray(ratio > self.ratio[-1])


@lru_cache(maxsize=32)
def build_lookup(protocol: ReadoutProtocol, tissue: Tissue) -> LookupTable:
    """Table for a protocol and a native tissue, 0 to 20 mmol/L.

    An impossible echo spacing (zero, negative, the whole shot), flip angle, delay or centre line is
    replaced by a documented default and named in ``assumptions``.
    """
    relaxation = relaxation_of(
        tissue, field_strength_t=protocol.field_strength_t, agent=protocol.agent
    )
    protocol, replaced = _plausible(protocol)
    ratio_of = bssfp_ratio if protocol.readout == "bssfp" else flash_ratio
    gd = np.arange(0.0, LARGEST_GD_MMOL_PER_L + _STEP_MMOL_PER_L / 2, _STEP_MMOL_PER_L)
    ratio = ratio_of(
        gd,
        relaxation=relaxation,
        flip_angle_deg=protocol.flip_angle_deg,
        pd_flip_angle_deg=protocol.pd_flip_angle_deg,
        echo_spacing_s=protocol.echo_spacing_ms / 1000,
        saturation_delay_s=protocol.saturation_delay_ms / 1000,
        centre_line=protocol.centre_line,
    )
    slopes = np.diff(ratio)
    too_flat = np.flatnonzero(slopes < _FLATTEST_SLOPE * slopes[0])
    end = too_flat[0] + 1 if too_flat.size else gd.size
    return LookupTable(
        gd_mmol_per_l=gd[:end],
        ratio=ratio[:end],
        assumptions=relaxation.assumptions + replaced,
    )


def _plausible(protocol: ReadoutProtocol) -> tuple[ReadoutProtocol, tuple[Flag, ...]]:
    """The protocol with impossible facts replaced by defaults, and a flag for each of them."""
    low, high = _PLAUSIBLE_ECHO_SPACING_MS
    flip = 50.0 if protocol.readout == "bssfp" else 12.0
    checks = (
        ("echo_spacing_ms", low <= protocol.echo_spacing_ms <= high, _DEFAULT_ECHO_SPACING_MS),
        ("flip_angle_deg", 0 < protocol.flip_angle_deg < 120, flip),
        ("pd_flip_angle_deg", 0 < protocol.pd_flip_angle_deg < 120, 5.0),
        ("saturation_delay_ms", 0 <= protocol.saturation_delay_ms <= 1000, 40.0),
        ("centre_line", protocol.centre_line >= 1, 19),
    )
    changes: dict[str, Any] = {name: value for name, possible, value in checks if not possible}
    flags = tuple(
        Flag(
            code="protocol-fact-assumed",
            message=f"{name} = {getattr(protocol, name):g} is not possible; {value:g} was used.",
        )
        for name, value in changes.items()
    )
    return replace(protocol, **changes), flags
