"""One simulated exam of usual size, as DICOM: stress and rest, three slices, 60 beats."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from analysis.phantom import simulate_exam, write_dicom


@contextmanager
def exam_on_disk(*, seed: int = 1) -> Iterator[Path]:
    """Folder of the exam's objects; removed on leaving."""
    with TemporaryDirectory(prefix="qperf-benchmark-") as folder:
        write_dicom(simulate_exam(seed), Path(folder))
        yield Path(folder)
