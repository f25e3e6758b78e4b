"""The trail: who did what, when, to which record, and why. Rows are only ever added."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class TrailEvent(models.Model):
    """One event. Objects are named by pseudonymous ids; no patient data stands here.

    ``site`` is empty for events of the installation itself, such as a sign-in. ``address`` is where
    the request came from; empty for what the installation does by itself.
    """

    site = models.ForeignKey("accounts.Site", null=True, on_delete=models.PROTECT)
    at = models.DateTimeField(db_default=Now(), editable=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    actor_name = models.CharField(max_length=150)
    action = models.CharField(max_length=48)
    object_type = models.CharField(max_length=48, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    details = models.JSONField(default=dict)
    request_id = models.CharField(max_length=32, blank=True)
    address = models.CharField(max_length=45, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(action=""), name="trail_names_an_action"),
        ]
        indexes = [
            models.Index(fields=["site", "-at", "-id"], name="trail_recent"),
            models.Index(fields=["object_type", "object_id", "id"], name="trail_of_object"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id}".rstrip()


class TrailShipment(models.Model):
    """How far a chain has been sent to the log server (core/sink.py): the number of its last seal.

    ``chain`` is "installation" or "site N". No event and no site's row stands here.
    """

    chain = models.CharField(max_length=32, unique=True)
    number = models.PositiveIntegerField(default=0)
    shipped_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.chain} up to seal {self.number}"


class TrailSeal(models.Model):
    """One link of a site's chain (core/seal.py): which events it holds, bound to the seal before.

    rows: [[event id, keyed digest], ...]. last_id: the highest event id of the chain so far.
    previous, mac: HMAC-SHA256 in hexadecimal under a key that the database never sees.
    """

    site = models.ForeignKey("accounts.Site", null=True, on_delete=models.PROTECT)
    number = models.PositiveIntegerField()
    sealed_at = models.DateTimeField()
    last_id = models.BigIntegerField()
    rows = models.JSONField()
    previous = models.CharField(max_length=64, blank=True)
    mac = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site", "number"], name="seal_number_once", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"seal {self.number} of site {self.site_id}"
