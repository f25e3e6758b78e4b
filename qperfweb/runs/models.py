"""What was computed: runs and the numbers that they left. Written once, never changed.

A run's arrays lie in its bundle (content-addressed files); the rows here are what people search,
compare and sign.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class RunState(models.TextChoices):
    """Life of a run; the last three are final."""

    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


FINAL_STATES = (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED)


class RunPurpose(models.TextChoices):
    """Why a run was made."""

    FIRST = "first", "First analysis"
    LATE_OBJECTS = "late_objects", "More images arrived"
    RECLASSIFIED = "reclassified", "Series classification corrected"
    PARAMETERS = "parameters", "Analysis settings changed"
    AIF_EDITED = "aif_edited", "AIF edited"
    FRAMES_LEFT_OUT = "frames_left_out", "Frames left out by the reader"
    REPEATED = "repeated", "Repeated by hand"
    COHORT = "cohort", "Cohort re-analysis"


class CohortState(models.TextChoices):
    """Life of a cohort re-analysis."""

    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Cancelled"


class Cohort(models.Model):
    """A re-analysis of many studies, fed into the queue little by little (cohorts.py).

    criteria: which studies and with which changes; ids and dates only. last_study: everything up to
    this study id has been asked for or left out (``skipped``).
    """

    created_at = models.DateTimeField(auto_now_add=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    reason = models.CharField(max_length=500, blank=True)
    criteria = models.JSONField(default=dict)
    state = models.CharField(
        max_length=12, choices=CohortState.choices, default=CohortState.RUNNING
    )
    total = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    last_study = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in CohortState]), name="cohort_state_known"
            ),
        ]


class AnalysisRun(models.Model):
    """One analysis of one study.

    ``input_manifest`` lists the SOP Instance UIDs and hashes that went in, ``parameters`` the
    pipeline configuration; both are hashed, so that equal inputs are recognisable. ``attempt``
    fences: a worker may only finish the attempt that it started. ``parent`` is the run whose
    parameters this one took over, ``reason`` what its requester gave for the changes.
    """

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    study = models.ForeignKey("studies.Study", on_delete=models.CASCADE, related_name="runs")
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    purpose = models.CharField(max_length=20, choices=RunPurpose.choices)
    cohort = models.ForeignKey(Cohort, null=True, on_delete=models.PROTECT, related_name="runs")
    state = models.CharField(max_length=12, choices=RunState.choices, default=RunState.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)

    input_manifest = models.JSONField(default=list)
    input_sha256 = models.CharField(max_length=64)
    parameters = models.JSONField(default=dict)
    parameters_sha256 = models.CharField(max_length=64)

    stage = models.CharField(max_length=24, blank=True)
    progress = models.FloatField(default=0.0)
    queued_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    failure_code = models.CharField(max_length=48, blank=True)
    failure_message = models.TextField(blank=True)

    pipeline_version = models.CharField(max_length=32, blank=True)
    model_versions = models.JSONField(default=dict)
    timings_s = models.JSONField(default=dict)
    document = models.JSONField(null=True)
    bundle_sha256 = models.CharField(max_length=64, blank=True)
    outdated_reason = models.CharField(max_length=200, blank=True)

    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "id"], name="run_site_id"),
            models.UniqueConstraint(
                fields=["study"],
                condition=Q(state__in=["queued", "running"]),
                name="one_open_run_per_study",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in RunState]), name="run_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="succeeded")
                | (Q(document__isnull=False) & ~Q(bundle_sha256="") & Q(finished_at__isnull=False)),
                name="a_succeeded_run_has_its_result",
            ),
            models.CheckConstraint(
                condition=~Q(state="failed")
                | (~Q(failure_message="") & Q(finished_at__isnull=False)),
                name="a_failed_run_says_why",
            ),
            models.CheckConstraint(
                condition=Q(progress__gte=0, progress__lte=1), name="run_progress_is_a_share"
            ),
        ]
        indexes = [
            models.Index(fields=["study", "-id"], name="run_of_study"),
            models.Index(fields=["state", "heartbeat_at"], name="run_alive"),
        ]


class SliceResult(models.Model):
    """One slice of one run: automated contours and doubts. ``key`` is e.g. ``stress_mid``."""

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    run = models.ForeignKey(AnalysisRun, on_delete=models.CASCADE, related_name="slices")
    key = models.CharField(max_length=32)
    condition = models.CharField(max_length=8)
    position = models.CharField(max_length=8)
    contours = models.JSONField(null=True)
    uncertainty = models.FloatField(null=True)
    out_of_distribution = models.BooleanField(null=True)
    segment_to_check = models.PositiveSmallIntegerField(null=True)
    flags = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "key"], name="slice_once_per_run"),
            models.CheckConstraint(
                condition=Q(condition__in=["stress", "rest", "unknown"]),
                name="slice_condition_known",
            ),
            models.CheckConstraint(
                condition=Q(position__in=["basal", "mid", "apical"]), name="slice_position_known"
            ),
        ]


class SegmentResult(models.Model):
    """One AHA segment in one condition as the run measured it; empty values have a reason."""

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    run = models.ForeignKey(AnalysisRun, on_delete=models.CASCADE, related_name="segments")
    condition = models.CharField(max_length=8)
    acquisition = models.CharField(max_length=16)
    segment = models.PositiveSmallIntegerField()
    mbf_ml_per_min_per_g = models.FloatField(null=True)
    standard_error = models.FloatField(null=True)
    endo = models.FloatField(null=True)
    epi = models.FloatField(null=True)
    upslope = models.FloatField(null=True)
    uncertainty = models.FloatField(null=True)
    pixels = models.PositiveIntegerField(default=0)
    valid_pixels = models.PositiveIntegerField(default=0)
    not_measured_reason = models.CharField(max_length=200, blank=True)
    flags = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "acquisition", "segment"], name="segment_once_per_run_and_condition"
            ),
            models.CheckConstraint(
                condition=Q(segment__gte=1, segment__lte=16), name="segment_is_1_to_16"
            ),
            models.CheckConstraint(
                condition=Q(mbf_ml_per_min_per_g__isnull=True) | Q(mbf_ml_per_min_per_g__gte=0),
                name="flow_is_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(standard_error__isnull=True) | Q(standard_error__gte=0),
                name="error_is_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(mbf_ml_per_min_per_g__isnull=False)
                | Q(upslope__isnull=False)
                | ~Q(not_measured_reason=""),
                name="an_empty_segment_says_why",
            ),
            models.CheckConstraint(
                condition=Q(condition__in=["stress", "rest", "unknown"]),
                name="segment_condition_known",
            ),
        ]


class GlobalResult(models.Model):
    """Global flow of one acquisition, weighted by area, and what the numbers rest on."""

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    run = models.ForeignKey(AnalysisRun, on_delete=models.CASCADE, related_name="globals")
    condition = models.CharField(max_length=8)
    acquisition = models.CharField(max_length=16)
    sequence_class = models.CharField(max_length=8)
    mbf_ml_per_min_per_g = models.FloatField(null=True)
    standard_error = models.FloatField(null=True)
    aif_peak_mmol_per_l = models.FloatField(null=True)
    flags = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "acquisition"], name="global_once_per_acquisition"
            ),
            models.CheckConstraint(
                condition=Q(mbf_ml_per_min_per_g__isnull=True) | Q(mbf_ml_per_min_per_g__gte=0),
                name="global_flow_is_not_negative",
            ),
        ]


class SelfTestResult(models.Model):
    """One proof of the installation: simulated exams with known flow through the whole pipeline."""

    at = models.DateTimeField(auto_now_add=True)
    passed = models.BooleanField()
    document = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["-at"], name="self_test_recent")]
