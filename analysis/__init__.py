"""Quantitative first-pass perfusion analysis: arrays in, frozen dataclasses out."""

__version__ = "0.1.0"
