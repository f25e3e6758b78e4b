from __future__ import annotations

import pytest

from analysis.dicom.reading import walk
from qperfweb.studies.intake import batch_begin, receive_all
from qperfweb.studies.models import IntakeSource, Study
from tests.dicom import make


@pytest.fixture
def study(in_site, tmp_path):
    images = [make.image(number=n, pixels=None) for n in (1, 2)]
    images[1].BurnedInAnnotation = "YES"
    batch = batch_begin(in_site, IntakeSource.COMMAND)
    receive_all(batch, walk([make.write(tmp_path / "x", images)]))
    study = Study.objects.get()
    study.state = "ready"
    study.save()
    return study
