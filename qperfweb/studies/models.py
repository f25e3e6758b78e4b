"""What was received: patients, studies, series, instances, and what was refused or set aside.

Every row carries its site. The database adds what Django cannot say: composite foreign keys that
keep parent and child in one site, and row-level security (see the migrations).
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q


class Patient(models.Model):
    """One person at one site: site + issuer + ID, known to the rest of the system by a pseudonym.

    ``identity_digest`` is a keyed hash of issuer and ID, so that equality needs no plain text.
    ``search_tokens`` are keyed hashes of the beginnings of the name's words and of the ID.
    """

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    pseudonym = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    identity_digest = models.CharField(max_length=64)
    search_tokens = ArrayField(models.CharField(max_length=24), default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    ERASED = "erased-"
    """How the digest of somebody begins who was erased; nobody's ID has such a digest."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site", "identity_digest"], name="patient_once_per_site"
            ),
            models.UniqueConstraint(fields=["site", "id"], name="patient_site_id"),
        ]
        indexes = [GinIndex(fields=["search_tokens"], name="patient_search_tokens")]

    @property
    def is_erased(self) -> bool:
        return self.identity_digest.startswith(self.ERASED)


class PatientIdentity(models.Model):
    """Name, ID, issuer, birth date and sex, encrypted under a key of this patient alone.

    Deleting ``wrapped_key`` erases the person and leaves every hash over pseudonyms valid.
    Read and written only through identity.py.
    """

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    patient = models.OneToOneField(Patient, on_delete=models.CASCADE, related_name="identity")
    wrapped_key = models.BinaryField(null=True)
    sealed = models.BinaryField()
    updated_at = models.DateTimeField(auto_now=True)


class StudyState(models.TextChoices):
    """Where a study stands in the worklist."""

    RECEIVING = "receiving", "Receiving"
    NOTHING_TO_ANALYSE = "nothing_to_analyse", "Nothing to analyse"
    QUEUED = "queued", "Waiting for analysis"
    ANALYSING = "analysing", "Analysing"
    FAILED = "failed", "Analysis failed"
    READY = "ready", "Ready to read"
    DRAFT = "draft", "Being read"
    SIGNED = "signed", "Signed"


class Study(models.Model):
    """One examination. ``state`` and ``flag_count`` are kept for the worklist by the services."""

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="studies")
    study_instance_uid = models.CharField(max_length=64)
    accession_number = models.CharField(max_length=64, blank=True)
    description = models.CharField(max_length=128, blank=True)
    study_date = models.DateField(null=True)
    study_time = models.TimeField(null=True)
    institution = models.CharField(max_length=128, blank=True)
    manufacturer = models.CharField(max_length=64, blank=True)
    scanner_model = models.CharField(max_length=64, blank=True)
    field_strength_t = models.FloatField(null=True)
    conditions = ArrayField(models.CharField(max_length=8), default=list)
    sequence_class = models.CharField(max_length=8, blank=True)
    state = models.CharField(
        max_length=24, choices=StudyState.choices, default=StudyState.RECEIVING
    )
    flag_count = models.PositiveIntegerField(default=0)
    haematocrit = models.FloatField(null=True)
    first_received_at = models.DateTimeField(auto_now_add=True)
    last_received_at = models.DateTimeField()
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site", "study_instance_uid"], name="study_once_per_site"
            ),
            models.UniqueConstraint(fields=["site", "id"], name="study_site_id"),
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in StudyState]), name="study_state_known"
            ),
            models.CheckConstraint(
                condition=Q(haematocrit__isnull=True)
                | Q(haematocrit__gt=0.1, haematocrit__lt=0.75),
                name="study_haematocrit_plausible",
            ),
        ]
        indexes = [
            models.Index(fields=["site", "-last_received_at", "-id"], name="study_worklist"),
            models.Index(fields=["site", "state", "-last_received_at"], name="study_by_state"),
            models.Index(fields=["site", "-study_date", "-id"], name="study_by_date"),
            models.Index(fields=["site", "accession_number"], name="study_by_accession"),
            models.Index(fields=["patient", "-study_date"], name="study_of_patient"),
            models.Index(
                fields=["assigned_to", "-last_received_at"],
                name="study_by_reader",
                condition=Q(assigned_to__isnull=False),
            ),
            models.Index(
                fields=["site", "-last_received_at"],
                name="study_flagged",
                condition=Q(flag_count__gt=0),
            ),
        ]


class Series(models.Model):
    """One DICOM series and what it was taken for.

    ``classification`` is what the rules decided, with the evidence in words; ``correction`` what a
    person set by hand (null: nothing). The correction wins field by field.
    """

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="series")
    series_instance_uid = models.CharField(max_length=64)
    series_number = models.IntegerField(null=True)
    description = models.CharField(max_length=128, blank=True)
    modality = models.CharField(max_length=16, blank=True)
    classification = models.JSONField(default=dict)
    correction = models.JSONField(null=True)
    corrected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    corrected_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "series"
        constraints = [
            models.UniqueConstraint(
                fields=["study", "series_instance_uid"], name="series_once_per_study"
            ),
            models.UniqueConstraint(fields=["site", "id"], name="series_site_id"),
        ]


class Instance(models.Model):
    """One received DICOM object; its bytes lie in the content-addressed store.

    ``facts`` are the header facts that classification needs, so that it never reopens the file.
    """

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="instances")
    sop_instance_uid = models.CharField(max_length=64)
    sop_class_uid = models.CharField(max_length=64)
    transfer_syntax_uid = models.CharField(max_length=64)
    instance_number = models.IntegerField(null=True)
    frame_count = models.PositiveIntegerField(default=1)
    rows = models.PositiveIntegerField(null=True)
    columns = models.PositiveIntegerField(null=True)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    facts = models.JSONField(default=dict)
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site", "sop_instance_uid"], name="instance_once_per_site"
            ),
            models.UniqueConstraint(fields=["site", "id"], name="instance_site_id"),
            models.CheckConstraint(condition=Q(size_bytes__gt=0), name="instance_not_empty"),
        ]
        indexes = [
            models.Index(fields=["series", "instance_number"], name="instance_of_series"),
            models.Index(fields=["sha256"], name="instance_by_content"),
        ]


class IntakeSource(models.TextChoices):
    """Where objects came from."""

    UPLOAD = "upload", "Browser upload"
    COMMAND = "command", "Command line"
    DICOMWEB = "dicomweb", "DICOMweb"
    DICOM = "dicom", "DICOM association"
    FOLDER = "folder", "Watched folder"


class IntakeBatch(models.Model):
    """One delivery: an upload, an import, an association."""

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    source = models.CharField(max_length=16, choices=IntakeSource.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    accepted = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "id"], name="batch_site_id")]
        indexes = [models.Index(fields=["site", "-started_at"], name="batch_recent")]


class IntakeProblem(models.Model):
    """One file that was refused, or set aside for a person to decide. Nothing is dropped silently.

    A set-aside object keeps its bytes (``sha256``) and says which study and which person it names,
    so that the objects of one study are decided about together; a refused one keeps its reason.
    """

    class Kind(models.TextChoices):
        REFUSED = "refused", "Refused"
        SET_ASIDE = "set_aside", "Set aside"

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    batch = models.ForeignKey(IntakeBatch, on_delete=models.CASCADE, related_name="problems")
    study = models.ForeignKey(Study, null=True, on_delete=models.CASCADE, related_name="problems")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    code = models.CharField(max_length=48)
    message = models.TextField()
    file_name = models.TextField(blank=True)
    sop_instance_uid = models.CharField(max_length=64, blank=True)
    study_instance_uid = models.CharField(max_length=64, blank=True, db_default="", default="")
    identity_digest = models.CharField(max_length=64, blank=True, db_default="", default="")
    sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    resolution = models.CharField(max_length=16, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="refused") | ~Q(sha256=""), name="set_aside_keeps_its_bytes"
            ),
        ]
        indexes = [models.Index(fields=["site", "-created_at"], name="problem_recent")]


class ImportRules(models.Model):
    """How a site's own scanners name their images: rules tried before the general ones.

    rules: rows of ``analysis.dicom.vendors.RoleRule``, checked before they are stored.
    """

    site = models.OneToOneField("accounts.Site", on_delete=models.PROTECT)
    rules = models.JSONField(default=list)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    changed_at = models.DateTimeField(auto_now=True)
