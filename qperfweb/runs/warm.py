"""Imported once by the fork server: importing this module loads torch and the network weights."""

from __future__ import annotations

import gc
import logging

from analysis.errors import ModelUnavailable

from . import bridge

try:
    bridge.preload()
except ModelUnavailable as error:
    # Not fatal here: each run then says in words that the weights are missing.
    logging.getLogger(__name__).warning("%s", error)

# What is here stays: no child need look through it for garbage, which would copy its pages.
gc.collect()
gc.freeze()
