from dataclasses import dataclass
from pathlib import Path

import pytest

from analysis import pipeline
from analysis.config import PipelineConfig
from analysis.domain import Exam
from analysis.layout import lay_out
from analysis.phantom import SimulatedExam
from analysis.pipeline import analyse
from analysis.result import AnalysisResult
from analysis.work import AcquisitionWork, Watch
from tests.pipeline.exams import simulated


@dataclass
class Analysed:
    truth: SimulatedExam
    exam: Exam
    result: AnalysisResult
    reported: list[tuple[str, float]]
    folder: Path


@pytest.fixture(scope="session")
def dual(tmp_path_factory) -> Analysed:
    """A small dual-sequence exam: one slice at stress and rest, breath held, no defect."""
    folder = tmp_path_factory.mktemp("dual")
    truth, exam = simulated(
        folder, 11, slices=1, beats=40, tier="easy", breathing="held", defects=(), snr=25
    )
    reported: list[tuple[str, float]] = []
    result = analyse(
        exam,
        config=PipelineConfig(other_models=("fermi",)),
        progress=lambda stage, share: reported.append((stage, share)),
    )
    return Analysed(truth, exam, result, reported, folder)


@pytest.fixture(scope="session")
def single(tmp_path_factory) -> Analysed:
    """A small single-sequence stress exam."""
    folder = tmp_path_factory.mktemp("single")
    truth, exam = simulated(
        folder, 12, sequence="single", conditions=("stress",), slices=1, beats=40, tier="easy",
        breathing="held", snr=25,
    )  # fmt: skip
    return Analysed(truth, exam, analyse(exam), [], folder)


@pytest.fixture
def analysed_work(dual) -> AcquisitionWork:
    """The rest acquisition of the dual exam with all that the stages have made of it."""
    config = PipelineConfig(second_motion_pass=False)
    work = next(w for w in lay_out(dual.exam, config) if w.source.condition == "rest")
    pipeline._analyse_acquisition(work, config, Watch(lambda stage, share: None, parts=1))
    return work
