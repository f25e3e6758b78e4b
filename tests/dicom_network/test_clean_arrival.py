"""What a scanner sends to a site that keeps no identity."""

from __future__ import annotations

import pytest

from analysis.benchmarks.programs import outside
from qperfweb.core.models import TrailEvent
from qperfweb.core.rls import site_scope
from qperfweb.dicom_network.spool import spool_folder
from qperfweb.privacy.models import Policy
from qperfweb.studies.models import Instance
from tests.dicom import make
from tests.dicom_network.conftest import wait_for
from tests.dicom_network.test_listener import called
from tests.privacy.naming import naming_image, traces


@pytest.mark.skipif(outside("storescu") is None, reason="storescu is missing")
def test_what_a_scanner_sends_names_nobody(listener, site, tmp_path, settings):
    with site_scope([site.pk]):
        Policy.objects.create(site=site, clean_on_arrival=True)
    folder = make.write(tmp_path / "exam", [naming_image(n) for n in (1, 2, 3)])
    assert called("storescu", listener, "+sd", str(folder)) == 0

    def arrived():
        with site_scope([site.pk]):
            return TrailEvent.objects.filter(action="intake.received").exists()

    wait_for(arrived)
    with site_scope([site.pk]):
        assert Instance.objects.count() == 3
        assert traces(settings.STORE_DIR) == []
        assert list(spool_folder().rglob("*.dcm")) == []
