"""One patient's images stay longer than the site's rule says, and nobody erases them meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from qperfweb.core.errors import Conflict, Invalid, NotAllowed
from qperfweb.core.models import TrailEvent
from qperfweb.privacy.erasure import patient_erase
from qperfweb.privacy.holds import hold_of, hold_set
from qperfweb.privacy.models import Hold, Policy
from qperfweb.privacy.retention import images_due
from qperfweb.privacy.tasks import retain_images
from qperfweb.studies.models import Instance
from tests.privacy.test_retention import received


@pytest.fixture
def due(study, in_site):
    """A study whose images the site's rule removes now."""
    Policy.objects.create(site=in_site, images_kept_days=30)
    received(study, days_ago=31)
    assert len(images_due(in_site.pk)) == 1
    return study


def test_held_images_stay_until_the_hold_is_ended(
    due, in_site, client_of, as_worker, django_capture_on_commit_callbacks
):
    client = client_of("site_admin", in_site)
    page = f"/studies/{due.pk}/erase/"
    assert client.post(f"/studies/{due.pk}/hold/", {"reason": "trial ABC"}).status_code == 302
    assert "trial ABC" in client.get(page).content.decode()
    with as_worker():
        retain_images(0)
    assert Instance.objects.count() == 2
    with pytest.raises(Conflict, match="held"):
        patient_erase(due.patient, client.user, reason="asked for it")
    ended = client.post(f"/studies/{due.pk}/hold/", {"end": "1", "reason": "trial is over"})
    assert ended.status_code == 302
    with as_worker(), django_capture_on_commit_callbacks(execute=True):
        retain_images(1)
    assert not Instance.objects.exists()
    told = TrailEvent.objects.filter(action__startswith="patient.h").order_by("pk")
    assert [(e.action, e.reason) for e in told] == [
        ("patient.held", "trial ABC"), ("patient.hold_ended", "trial is over"),
    ]  # fmt: skip


def test_a_hold_runs_out_after_its_day(due, in_site, user_of):
    admin, today = user_of("site_admin", in_site), timezone.localdate()
    hold_set(due.patient, admin, reason="until today", until=today)
    assert images_due(in_site.pk) == []
    Hold.objects.update(until=today - timedelta(days=1))
    assert hold_of(due.patient) is None
    assert len(images_due(in_site.pk)) == 1
    patient_erase(due.patient, admin, reason="asked for it")
    assert not Hold.objects.exists()


def test_a_hold_needs_the_role_a_reason_and_a_day_to_come(due, in_site, user_of):
    admin = user_of("site_admin", in_site)
    with pytest.raises(NotAllowed):
        hold_set(due.patient, user_of("reader", in_site), reason="mine")
    with pytest.raises(Invalid, match="reason"):
        hold_set(due.patient, admin, reason=" ")
    with pytest.raises(Invalid, match="passed"):
        hold_set(due.patient, admin, reason="x", until=timezone.localdate() - timedelta(days=1))
