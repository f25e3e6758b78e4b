"""Sites, people, and who may do what where."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from qperfweb.core.permissions import Role


class Site(models.Model):
    """A hospital or department whose patients only its own members see."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    second_factor_required = models.BooleanField(default=False, db_default=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(username=self.model.normalize_username(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username__iexact=username)


class User(AbstractBaseUser):
    """A person who signs in with a user name or an e-mail address.

    A system administrator runs the installation (users, sites, status) and sees no patient data
    unless a membership says so.
    """

    username = models.CharField(max_length=80, unique=True, validators=[UnicodeUsernameValidator()])
    email = models.EmailField(blank=True)
    full_name = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    is_system_administrator = models.BooleanField(default=False)
    date_joined = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]

    objects = UserManager()

    # A request signed in by an API token may do less than its user (accounts/tokens.py).
    token_site_id: int | None = None
    token_verbs: frozenset[str] | None = None
    # Whether this session has shown a second factor (accounts/second_factor.py).
    second_factor_shown = False

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("username"), name="user_name_once"),
            models.UniqueConstraint(Lower("email"), condition=~Q(email=""), name="user_email_once"),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def display_name(self) -> str:
        return self.full_name or self.username

    def roles_by_site(self) -> dict[int, set[Role]]:
        """The roles that this person can use now, by site id.

        A token has those of its site. A session has none at a site that requires a second factor
        until it has shown one.
        """
        if self.token_site_id is not None:
            return {s: roles for s, (roles, _) in self._held().items() if s == self.token_site_id}
        shown = self.second_factor_shown
        return {s: roles for s, (roles, wanted) in self._held().items() if shown or not wanted}

    def sites_wanting_second_factor(self) -> list[int]:
        """Ids of this person's sites that open only once a second factor was shown."""
        return [
            s for s, (_, wanted) in self._held().items() if wanted and not self.second_factor_shown
        ]

    def _held(self) -> dict[int, tuple[set[Role], bool]]:
        """Roles by site, and whether the site requires a second factor; read once per instance."""
        held: dict[int, tuple[set[Role], bool]] | None = self.__dict__.get("_roles_held")
        if held is None:
            held = {}
            rows = self.memberships.values_list("site_id", "role", "site__second_factor_required")
            for site_id, role, wanted in rows:
                held.setdefault(site_id, (set(), wanted))[0].add(Role(role))
            self.__dict__["_roles_held"] = held
        return held


class Membership(models.Model):
    """One role of one person at one site."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "site", "role"], name="membership_once"),
            models.CheckConstraint(
                condition=Q(role__in=[role.value for role in Role]), name="membership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} at {self.site}"


class ApiToken(models.Model):
    """A password for programs: one user at one site, a scope, an end. Only its hash is kept."""

    class Scope(models.TextChoices):
        READ = "read", "Read"
        SEND = "send", "Send and read"
        ALL = "all", "Everything that its user may do, except signing"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    scope = models.CharField(max_length=8, choices=Scope.choices)
    prefix = models.CharField(max_length=12)
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(scope__in=["read", "send", "all"]), name="token_scope_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}... ({self.name})"

    @property
    def has_ended(self) -> bool:
        return self.expires_at <= timezone.now()


class Preferences(models.Model):
    """How a person likes the pages to look; nothing about patients. Last write wins."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="preferences")
    document = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        return f"preferences of {self.user}"
