"""From signal to gadolinium concentration (mmol/L): look-up tables, T2* correction, PD images."""

from analysis.gadolinium.bssfp import bssfp_ratio
from analysis.gadolinium.conversion import signal_to_gd
from analysis.gadolinium.flash import flash_ratio, flash_signal
from analysis.gadolinium.lookup import LookupTable, build_lookup
from analysis.gadolinium.noise_floor import noise_sd, without_noise_floor
from analysis.gadolinium.proton_density import smooth_proton_density
from analysis.gadolinium.relaxation import AGENTS, Relaxation, relaxation_of
from analysis.gadolinium.t2star import correct_t2star

__all__ = [
    "AGENTS",
    "LookupTable",
    "Relaxation",
    "bssfp_ratio",
    "build_lookup",
    "correct_t2star",
    "flash_ratio",
    "flash_signal",
    "noise_sd",
    "relaxation_of",
    "signal_to_gd",
    "smooth_proton_density",
    "without_noise_floor",
]
