"""Second reads: a project is a set of studies, read by its own readers, adjudicated and locked.

A project is set up, opened (cases, readers and settings are fixed then) and locked. A locked
project and the readings in it are frozen by triggers (see the migrations). ``site`` of a project is
the one that runs it; its cases may come from any site where its manager may give them.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class Blinding(models.TextChoices):
    """What a reader sees of the automated result; other readers are hidden in any case."""

    NONE = "none", "Automated values and contours are shown"
    NUMBERS = "numbers", "No numbers and maps; automated contours to start from"
    SCRATCH = "scratch", "No numbers, maps or contours: drawn from scratch"


class ProjectState(models.TextChoices):
    SETUP = "setup", "Being set up"
    OPEN = "open", "Open for reading"
    LOCKED = "locked", "Locked"


class Project(models.Model):
    """One second-read project.

    case_count: fixed at opening, so that whoever does not see the cases of every site knows it.
    seed: from which each reader's order and repeats follow. repeat_percent: share of the studies
    that a reader gets a second time without being told. limits: disagreements that need
    adjudication, see rules.Limit. training: what a reader must reach on the training studies, see
    rules.Training; empty: nothing. analysis_settings: pipeline, models and configuration that every
    counted result was made with; fixed at opening. content_sha256: of everything that was locked.
    """

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    purpose = models.TextField(blank=True)
    state = models.CharField(max_length=8, choices=ProjectState.choices, default=ProjectState.SETUP)
    blinding = models.CharField(max_length=8, choices=Blinding.choices, default=Blinding.NUMBERS)
    seed = models.PositiveIntegerField()
    repeat_percent = models.PositiveSmallIntegerField(default=0)
    case_count = models.PositiveIntegerField(default=0)
    limits = models.JSONField(default=list)
    training = models.JSONField(default=dict)
    analysis_settings = models.JSONField(null=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    opened_at = models.DateTimeField(null=True)
    locked_at = models.DateTimeField(null=True)
    locked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    content_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "name"], name="project_name_once_per_site"),
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in ProjectState]), name="project_state_known"
            ),
            models.CheckConstraint(
                condition=Q(blinding__in=[b.value for b in Blinding]), name="blinding_known"
            ),
            models.CheckConstraint(
                condition=Q(repeat_percent__lte=50), name="at_most_half_is_repeated"
            ),
            models.CheckConstraint(
                condition=Q(state="setup")
                | Q(analysis_settings__isnull=False, opened_at__isnull=False),
                name="an_open_project_has_its_settings",
            ),
            models.CheckConstraint(
                condition=~Q(state="locked")
                | (Q(locked_at__isnull=False, locked_by__isnull=False) & ~Q(content_sha256="")),
                name="a_locked_project_says_who_and_when",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ProjectRole(models.TextChoices):
    READER = "reader", "Reader"
    ADJUDICATOR = "adjudicator", "Adjudicator"


class ProjectMember(models.Model):
    """What one person is in a project. ``ended_at``: no longer. Who manages it follows from the
    role at its site."""

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="members")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="project_roles"
    )
    role = models.CharField(max_length=12, choices=ProjectRole.choices)
    joined_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "user", "role"], name="project_member_once_per_role"
            ),
            models.CheckConstraint(
                condition=Q(role__in=[r.value for r in ProjectRole]), name="project_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.project}"


class CaseKind(models.TextChoices):
    STUDY = "study", "Study"
    TRAINING = "training", "Training"


class Case(models.Model):
    """One study of a project. run: what is read, made with the project's settings; empty until
    there is one. reference: the signed reading that a training study is compared with."""

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="cases")
    study = models.ForeignKey(
        "studies.Study", on_delete=models.PROTECT, related_name="project_cases"
    )
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=CaseKind.choices, default=CaseKind.STUDY)
    run = models.ForeignKey(
        "runs.AnalysisRun", null=True, on_delete=models.PROTECT, related_name="+"
    )
    reference = models.ForeignKey(
        "reviews.Reading", null=True, on_delete=models.PROTECT, related_name="+"
    )
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "id"], name="case_site_id"),
            models.UniqueConstraint(fields=["project", "study"], name="study_once_per_project"),
            models.UniqueConstraint(fields=["project", "number"], name="case_number_once"),
            models.CheckConstraint(
                condition=Q(kind="study", reference__isnull=True)
                | Q(kind="training", reference__isnull=False),
                name="training_has_its_reference",
            ),
        ]
        ordering = ["number"]


class AssignmentKind(models.TextChoices):
    FIRST = "first", "Reading"
    REPEAT = "repeat", "Hidden repeat"
    TRAINING = "training", "Training"
    THIRD = "third", "Third reading by an adjudicator"


class Assignment(models.Model):
    """One case on one reader's list. position: where in that list; round: of the training."""

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="assignments")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="assignments")
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="project_assignments"
    )
    kind = models.CharField(max_length=8, choices=AssignmentKind.choices)
    round = models.PositiveSmallIntegerField(default=1)
    position = models.PositiveIntegerField()
    waived_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "id"], name="assignment_site_id"),
            models.UniqueConstraint(
                fields=["case", "reader", "kind", "round"], name="assigned_once_per_kind"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[k.value for k in AssignmentKind]),
                name="assignment_kind_known",
            ),
        ]
        indexes = [
            models.Index(fields=["reader", "project", "position"], name="assignments_of_reader")
        ]
        ordering = ["position", "id"]


class Adjudication(models.Model):
    """A case whose readings differ by more than the project allows; ``decisions`` counts them."""

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="adjudications")
    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="adjudication")
    opened_at = models.DateTimeField(auto_now_add=True)
    differences = models.JSONField(default=list)
    decisions = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "id"], name="adjudication_site_id"),
        ]


class Decision(models.Model):
    """Which reading counts for a case; the newest one holds, all are kept."""

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    adjudication = models.ForeignKey(
        Adjudication, on_delete=models.PROTECT, related_name="all_decisions"
    )
    number = models.PositiveIntegerField()
    reading = models.ForeignKey("reviews.Reading", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["adjudication", "number"], name="decision_number_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="a_decision_gives_its_reason"),
        ]
        ordering = ["number"]


class QueryState(models.TextChoices):
    OPEN = "open", "Waits for the site"
    ANSWERED = "answered", "Answered"
    CLOSED = "closed", "Closed"


class SiteQuery(models.Model):
    """A question of the project to the site of a case."""

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="queries")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="queries")
    subject = models.CharField(max_length=160)
    state = models.CharField(max_length=8, choices=QueryState.choices, default=QueryState.OPEN)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "site queries"
        constraints = [
            models.UniqueConstraint(fields=["site", "id"], name="site_query_site_id"),
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in QueryState]), name="query_state_known"
            ),
        ]


class QueryMessage(models.Model):
    """One word in the thread of a query; never changed."""

    class Kind(models.TextChoices):
        QUESTION = "question", "asked"
        ANSWER = "answer", "answered"
        CLOSING = "closing", "closed it"
        REOPENING = "reopening", "asked again"

    site = models.ForeignKey("accounts.Site", on_delete=models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    query = models.ForeignKey(SiteQuery, on_delete=models.PROTECT, related_name="messages")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    text = models.TextField(blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    author_name = models.CharField(max_length=150)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
