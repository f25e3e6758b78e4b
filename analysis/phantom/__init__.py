"""Simulated patients with known truth, for training, tests and the demonstration."""

from analysis.phantom.samples import TrainingSample, training_sample

GENERATOR_VERSION = "1"
"""Changes whenever the same seed no longer gives the same data."""

__all__ = ["GENERATOR_VERSION", "TrainingSample", "training_sample"]
