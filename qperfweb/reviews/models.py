"""What people decided: readings, their revisions, signatures and addenda.

A reading belongs to one run and one reader. Every edit adds a revision with the whole state of the
reading; nothing is overwritten. Once signed, triggers in the database refuse any further change
(see the migrations); only addenda can follow.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class ReadingState(models.TextChoices):
    DRAFT = "draft", "Draft"
    SIGNED = "signed", "Signed"
    DISCARDED = "discarded", "Discarded"


class Reading(models.Model):
    """One reader's reading of one run. ``revision`` is the number of its newest revision.

    assignment: the place on a project's reading list that it fills; such a reading is no part of
    the clinical record of its study.
    """

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    study = models.ForeignKey("studies.Study", on_delete=models.PROTECT, related_name="readings")
    run = models.ForeignKey("runs.AnalysisRun", on_delete=models.PROTECT, related_name="readings")
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="readings"
    )
    assignment = models.ForeignKey(
        "projects.Assignment", null=True, on_delete=models.PROTECT, related_name="readings"
    )
    state = models.CharField(
        max_length=12, choices=ReadingState.choices, default=ReadingState.DRAFT
    )
    revision = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    signed_at = models.DateTimeField(null=True)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "id"], name="reading_site_id"),
            models.UniqueConstraint(
                fields=["run", "reader"],
                condition=Q(state="draft", assignment__isnull=True),
                name="one_draft_per_reader_and_run",
            ),
            models.UniqueConstraint(
                fields=["assignment"],
                condition=~Q(state="discarded"),
                name="one_reading_per_assignment",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in ReadingState]), name="reading_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="signed", signed_at__isnull=False, signed_by__isnull=False)
                | (~Q(state="signed") & Q(signed_at__isnull=True, signed_by__isnull=True)),
                name="signed_means_signer_and_time",
            ),
        ]
        indexes = [models.Index(fields=["study", "-id"], name="reading_of_study")]


class RevisionKind(models.TextChoices):
    OPENED = "opened", "Opened from the automated result"
    CONTOUR = "contour", "Contour edited"
    CONTOUR_RESET = "contour_reset", "Contour reset to automated"
    OVERRIDE = "override", "Value entered by hand"
    OVERRIDE_RESET = "override_reset", "Value reset"
    SEGMENT_STATUS = "segment_status", "Segment marked"
    ACKNOWLEDGE = "acknowledge", "Flag acknowledged"
    REPORT = "report", "Report text"
    QUALITY = "quality", "Image quality graded"
    VISUAL = "visual", "Visual score"
    SCAR = "scar", "Scar noted"
    CLINICAL = "clinical", "Clinical data"
    TERRITORIES = "territories", "Coronary territories"
    COMPARISON = "comparison", "Prior exam"
    UNDO = "undo", "Undone"
    REDO = "redo", "Redone"


class ReadingRevision(models.Model):
    """One step of a reading: who, when, why, what it replaced, and the whole state after it.

    state: {content: see content.py, history: {undo, redo}}.
    """

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    reading = models.ForeignKey(Reading, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=RevisionKind.choices)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    author_name = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)
    reason = models.CharField(max_length=500, blank=True)
    change = models.JSONField(default=dict)
    state = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reading", "number"], name="revision_number_once"),
        ]
        ordering = ["number"]


class ReadingSegment(models.Model):
    """Automated, contour-derived, typed and final value of one segment at the newest revision.

    ``quantity`` says what the values are: absolute flow in ml/min/g, or a relative upslope, which
    must never be read as flow.
    """

    class Quantity(models.TextChoices):
        MBF = "mbf", "Myocardial blood flow, ml/min/g"
        RELATIVE_UPSLOPE = "relative_upslope", "Relative upslope"

    class Source(models.TextChoices):
        AUTOMATED = "automated", "Automated"
        CONTOUR = "contour", "From edited contours"
        TYPED = "typed", "Entered by observer"
        EXCLUDED = "excluded", "Marked non-diagnostic"

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    reading = models.ForeignKey(Reading, on_delete=models.PROTECT, related_name="segments")
    condition = models.CharField(max_length=8)
    segment = models.PositiveSmallIntegerField()
    quantity = models.CharField(max_length=16, choices=Quantity.choices)
    automated_value = models.FloatField(null=True)
    contour_value = models.FloatField(null=True)
    typed_value = models.FloatField(null=True)
    final_value = models.FloatField(null=True)
    final_standard_error = models.FloatField(null=True)
    endo = models.FloatField(null=True)
    epi = models.FloatField(null=True)
    source = models.CharField(max_length=12, choices=Source.choices)
    set_at_revision = models.PositiveIntegerField(null=True)
    not_measured_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reading", "condition", "segment"],
                name="segment_once_per_reading_and_condition",
            ),
            models.CheckConstraint(
                condition=Q(segment__gte=1, segment__lte=16), name="read_segment_is_1_to_16"
            ),
            models.CheckConstraint(
                condition=Q(final_value__isnull=True) | Q(final_value__gte=0),
                name="read_value_is_not_negative",
            ),
            models.CheckConstraint(
                condition=~Q(source="typed")
                | (
                    Q(typed_value__isnull=False, final_standard_error__isnull=True)
                    & Q(endo__isnull=True, epi__isnull=True)
                ),
                name="a_typed_value_has_no_error",
            ),
        ]


class ReadingFigure(models.Model):
    """What follows from the segments: global flow of a condition, and reserves. For comparison;
    a signature covers the segments and the content that these are computed from.

    name: "stress", "rest" or "mpr". segment: 1-16, or 0 for the whole heart.
    """

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    reading = models.ForeignKey(Reading, on_delete=models.PROTECT, related_name="figures")
    name = models.CharField(max_length=8)
    segment = models.PositiveSmallIntegerField()
    automated_value = models.FloatField(null=True)
    final_value = models.FloatField(null=True)
    source = models.CharField(max_length=12, choices=ReadingSegment.Source.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reading", "name", "segment"], name="figure_once_per_reading"
            ),
            models.CheckConstraint(
                condition=Q(name__in=["stress", "rest", "mpr"], segment__lte=16),
                name="figure_is_known",
            ),
        ]


class Signature(models.Model):
    """Who signed what: canonical JSON bytes (RFC 8785) of everything the reading says, and hash."""

    class Meaning(models.TextChoices):
        AUTHOR = "author", "I am the author of this reading"
        REVIEWER = "reviewer", "I have reviewed this reading"
        APPROVAL = "approval", "I approve this reading"

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    reading = models.ForeignKey(Reading, on_delete=models.PROTECT, related_name="signatures")
    signer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    signer_name = models.CharField(max_length=150)
    meaning = models.CharField(max_length=12, choices=Meaning.choices)
    authenticated_by = models.CharField(max_length=16)
    signed_at = models.DateTimeField()
    document = models.BinaryField()
    document_schema = models.CharField(max_length=32)
    sha256 = models.CharField(max_length=64)


class Addendum(models.Model):
    """What was added after signing; numbered, never changed."""

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    reading = models.ForeignKey(Reading, on_delete=models.PROTECT, related_name="addenda")
    number = models.PositiveIntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    author_name = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)
    text = models.TextField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "addenda"
        constraints = [
            models.UniqueConstraint(fields=["reading", "number"], name="addendum_number_once"),
            models.CheckConstraint(condition=~Q(text=""), name="an_addendum_says_something"),
        ]
        ordering = ["number"]


class ReportDocument(models.Model):
    """One rendered PDF of a reading at one revision on one paper; the bytes lie in the store."""

    class Paper(models.TextChoices):
        A4 = "a4", "A4"
        LETTER = "us-letter", "Letter"

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    reading = models.ForeignKey(Reading, on_delete=models.PROTECT, related_name="documents")
    revision = models.PositiveIntegerField()
    addenda = models.PositiveIntegerField(default=0)
    paper = models.CharField(max_length=12, choices=Paper.choices, default=Paper.A4)
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reading", "revision", "addenda", "paper"],
                name="document_once_per_revision",
            ),
        ]
