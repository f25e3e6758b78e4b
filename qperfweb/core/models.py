"""The trail: who did what, when, to which record, and why. Rows are only ever added."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class TrailEvent(models.Model):
    """One event. Objects are named by pseudonymous ids; no patient data stands here.

    ``site`` is empty for events of the installation itself, such as a sign-in.
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
