"""Results as a foreign viewer fetches them: in their colours, as masks, the report as PDF."""

from __future__ import annotations

import numpy as np

from qperfweb.dicom_network.models import ResultObject
from tests.reading import acknowledge, sign
from tests.reports.exports import shown


def test_results_are_shown_in_their_colours_and_a_report_as_pdf(
    client_of, in_site, received_reading, reader
):
    sign(acknowledge(received_reading, reader), reader)
    client = client_of("auditor", in_site)
    study = received_reading.study
    base = f"/dicom-web/studies/{study.study_instance_uid}"
    assert client.get(f"{base}/series").status_code == 200  # results are made
    rows = {row.series_number: row for row in ResultObject.objects.filter(study=study)}

    def place(number):
        one = rows[number]
        return f"{base}/series/{one.series_instance_uid}/instances/{one.sop_instance_uid}"

    coloured = shown(client, f"{place(9350)}/rendered")
    assert coloured.shape[2] == 3
    assert np.ptp(coloured, axis=2).max() > 50
    flow = shown(client, f"{place(9200)}/rendered")
    assert flow.ndim == 2 and abs(flow.max() - 2.4 / 5 * 255) <= 1  # its window is 0 to 5
    segment = shown(client, f"{place(9100)}/frames/1/rendered")
    assert set(np.unique(segment)) == {0, 255}
    for path in (f"{place(9500)}/rendered", f"{place(9500)}/bulkdata/00420011"):
        answer = client.get(path, headers={"Accept": "application/pdf"})
        assert answer["Content-Type"] == "application/pdf"
        content = b"".join(answer) if answer.streaming else answer.content
        assert content[:5] == b"%PDF-" and content.rstrip().endswith(b"%%EOF")
    (header,) = client.get(f"{place(9500)}/metadata").json()
    assert header["00420011"]["BulkDataURI"].endswith("/bulkdata/00420011")
    for number in (9400, 9600):
        refused = client.get(f"{place(number)}/rendered")
        assert refused.status_code == 406
        assert client.get(f"{place(number)}/thumbnail").status_code == 404
