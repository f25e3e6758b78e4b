"""What other systems may fetch of our own making."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class ResultObject(models.Model):
    """One DICOM object that was made of a result and can be fetched; its bytes lie in the store.

    ``publication`` names the content that it came from (run, reading, revision, state): what
    replaces it gets another. An object is never changed and never taken back, only superseded.
    """

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    study = models.ForeignKey("studies.Study", on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey("runs.AnalysisRun", on_delete=models.PROTECT, related_name="+")
    reading = models.ForeignKey(
        "reviews.Reading", null=True, on_delete=models.PROTECT, related_name="+"
    )
    publication = models.CharField(max_length=64)
    series_instance_uid = models.CharField(max_length=64)
    series_number = models.IntegerField()
    series_description = models.CharField(max_length=64)
    modality = models.CharField(max_length=16)
    sop_instance_uid = models.CharField(max_length=64)
    sop_class_uid = models.CharField(max_length=64)
    instance_number = models.IntegerField()
    frame_count = models.PositiveIntegerField(default=1)
    rows = models.PositiveIntegerField(null=True)
    columns = models.PositiveIntegerField(null=True)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site", "sop_instance_uid"], name="result_object_once_per_site"
            ),
            models.CheckConstraint(condition=Q(size_bytes__gt=0), name="result_object_not_empty"),
        ]
        indexes = [models.Index(fields=["study", "publication"], name="result_object_current")]


class TransmissionState(models.TextChoices):
    QUEUED = "queued", "Waiting"
    SENDING = "sending", "Sending"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"


class Transmission(models.Model):
    """One result on its way to one destination; tried again until it is there or given up.

    ``next_attempt_at``: when it is due, also for one whose sender died while sending.
    """

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    study = models.ForeignKey("studies.Study", on_delete=models.CASCADE, related_name="+")
    publication = models.CharField(max_length=64)
    destination = models.CharField(max_length=40)
    state = models.CharField(
        max_length=8, choices=TransmissionState.choices, default=TransmissionState.QUEUED
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    objects_sent = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "publication", "destination"],
                condition=Q(requested_by__isnull=True),
                name="sent_once_by_itself",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in TransmissionState]),
                name="transmission_state_known",
            ),
        ]
        indexes = [models.Index(fields=["state", "next_attempt_at"], name="transmission_due")]


class SendWhen(models.TextChoices):
    NOTHING = "nothing", "Only when somebody asks"
    SIGNED = "signed", "Signed readings"
    ANALYSED = "analysed", "Every result, marked as not reviewed until it is signed"


class Caller(models.Model):
    """An AE title that may send to a site, from one address or (host empty) from any."""

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    title = models.CharField(max_length=16)
    host = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["title", "host"]
        constraints = [
            # Over all sites: a title says which site's patients somebody sends.
            models.UniqueConstraint(fields=["title", "host"], name="caller_of_one_site"),
        ]


class SendTarget(models.Model):
    """Where a site's results go. ``secret``: its token, sealed under the installation's key."""

    class Kind(models.TextChoices):
        DICOM = "dicom", "DICOM (C-STORE)"
        STOW = "stow", "DICOMweb (STOW-RS)"
        FHIR = "fhir", "FHIR R4 (transaction)"

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    name = models.CharField(max_length=40)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    address = models.CharField(max_length=300)
    secret = models.BinaryField(null=True)
    send = models.CharField(max_length=8, choices=SendWhen.choices, default=SendWhen.SIGNED)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["site", "name"], name="target_name_once_per_site"),
            models.CheckConstraint(
                condition=Q(kind__in=["dicom", "stow", "fhir"]), name="target_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(send__in=["nothing", "signed", "analysed"]), name="target_send_known"
            ),
        ]
