"""The short form: a few readers and scanners at once; no error, nothing lost.

How quick it is, a loaded test machine cannot say; docs/performance.md has the long form's figures.
"""

from __future__ import annotations

from qperfweb.core.rls import site_scope
from qperfweb.studies.models import Instance
from tests.chaos.exams import exams
from tests.dicom_network.conftest import environment, server, token_of  # noqa: F401 - fixtures
from tests.load.crowd import Crowd


def test_readers_and_scanners_at_once_see_no_error_and_lose_nothing(
    # pytest finds fixtures by name.
    server,  # noqa: F811
    token_of,  # noqa: F811
    site,
    tmp_path,
):
    token = token_of(site, "reader", "all")
    crowd = Crowd(
        host="127.0.0.1",
        port=int(server.address.rpartition(":")[2]),
        reader_token=token,
        sender_token=token,
        exams=list(exams(tmp_path / "exams", 2, 6)),
        readers=5,
        scanners=2,
        seconds=3.0,
        think_s=(0.0, 0.3),
    )
    result = crowd.run()
    assert result.errors == []
    assert len(result.sent) == 2 * 24
    with site_scope([site.pk]):
        kept = set(Instance.objects.values_list("sop_instance_uid", flat=True))
    assert result.sent == kept
    assert {"worklist", "study page", "eight objects"} <= set(result.times_ms)
