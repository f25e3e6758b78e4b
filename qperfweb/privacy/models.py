"""What a site keeps how long, how it de-identifies, who was renamed, and what was erased."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class Policy(models.Model):
    """A site's rules. Without a row: images stay, readings ten years, nothing optional is kept.

    images_kept_days: images older than this are due for erasure; empty: never.
    readings_kept_years: how long the law wants signed readings kept, counted from the signature.
    keep: the options of PS3.15 Annex E that the site takes (deidentification/profile.py).
    clean_on_arrival: what arrives loses its identity before it is kept (arrivals.py).
    """

    site = models.OneToOneField("accounts.Site", on_delete=models.PROTECT, related_name="+")
    images_kept_days = models.PositiveIntegerField(null=True)
    readings_kept_years = models.PositiveSmallIntegerField(default=10)
    keep = models.JSONField(default=list)
    clean_on_arrival = models.BooleanField(default=False, db_default=False)
    changed_at = models.DateTimeField(auto_now=True)


class Pseudonym(models.Model):
    """One patient's name in what left the site without identity, and who that is.

    ``sealed`` holds identity and date shift, encrypted under a key of its own outside the database;
    reading it needs its own permission and leaves a line in the trail.
    """

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    patient = models.ForeignKey("studies.Patient", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=32)
    sealed = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "name"], name="pseudonym_once_per_site"),
            models.UniqueConstraint(fields=["patient"], name="one_pseudonym_per_patient"),
        ]


class Hold(models.Model):
    """One patient's images are kept longer than the site's rule says, and nothing is erased.

    until: the day after which the site's rule holds again; empty: until somebody ends the hold.
    """

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT, related_name="+")
    patient = models.OneToOneField(
        "studies.Patient", on_delete=models.CASCADE, related_name="image_hold"
    )
    until = models.DateField(null=True)
    reason = models.CharField(max_length=500)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="a_hold_has_a_reason")]


class Erasure(models.Model):
    """One erasure: asked for with a reason, done at once as far as possible, the rest when due.

    ``patient_number`` is the row that was erased, no longer leading to a person. ``document`` says
    what went and what had to stay, in numbers. ``rest_due_at``: when the keeping period of the
    signed readings ends; empty when nothing had to stay.
    """

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT)
    patient_number = models.BigIntegerField()
    reason = models.CharField(max_length=500)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    done_at = models.DateTimeField(auto_now_add=True)
    document = models.JSONField(default=dict)
    rest_due_at = models.DateTimeField(null=True)
    rest_done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="an_erasure_has_a_reason"),
        ]
        indexes = [models.Index(fields=["site", "-id"], name="erasure_recent")]
