"""Simulated patients with known truth, for training, tests and the demonstration."""

from analysis.phantom.exam import simulate_exam
from analysis.phantom.samples import TrainingSample, training_sample
from analysis.phantom.values import SimulatedExam
from analysis.phantom.version import GENERATOR_VERSION
from analysis.phantom.writing import write_dicom, write_truth

__all__ = [
    "GENERATOR_VERSION",
    "SimulatedExam",
    "TrainingSample",
    "simulate_exam",
    "training_sample",
    "write_dicom",
    "write_truth",
]
