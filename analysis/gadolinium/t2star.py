"""T2* correction of a two-echo arterial input image."""

from __future__ import annotations

import numpy as np

from analysis.domain import Floats


def correct_t2star(echo1: Floats, echo2: Floats, te1_ms: float, te2_ms: float) -> Floats:
    """Signal extrapolated to echo time zero, same shape as the echoes.

    R2* = ln(S1/S2)/(TE2-TE1) where S1 > S2 > 0, else 0; S0 = S1 exp(TE1 R2*) (Kellman 2017).
    Raises ValueError when the echo times are not increasing and positive.
    """
    if not 0 < te1_ms < te2_ms:
        raise ValueError(f"Echo times must be positive and increasing, not {te1_ms}, {te2_ms} ms.")
    first = np.asarray(echo1, np.float32)
    second = np.asarray(echo2, np.float32)
    decaying = (first > second) & (second > 0)
    ratio = np.divide(first, second, out=np.ones_like(first), where=decaying)
    # S0 = S1 (S1/S2)^(TE1/(TE2-TE1)); a vanishing second echo must not blow the first one up.
    growth = np.minimum(ratio, _LARGEST_RATIO) ** np.float32(te1_ms / (te2_ms - te1_ms))
    corrected: Floats = first * growth
    return corrected


_LARGEST_RATIO = np.float32(np.e)
"""R2* up to 1 per echo distance (1000/s at 1 ms): far beyond 15 mmol/L of gadolinium in blood."""
