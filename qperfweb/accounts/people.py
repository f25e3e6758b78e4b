"""Changes to people by those who manage them. Each leaves its line in the trail.

A person is never deleted: what they signed and did names them. An account is closed instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes, force_str
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from qperfweb.accounts.models import ApiToken, Membership, Site, User
from qperfweb.accounts.sessions import end_all_sessions
from qperfweb.core.audit import record
from qperfweb.core.errors import Invalid, NotAllowed, NotFound
from qperfweb.core.permissions import Role, Verb, can, is_system_administrator
from qperfweb.core.rls import site_scope


@transaction.atomic
def person_invite(
    by: User, *, username: str, email: str = "", full_name: str = ""
) -> tuple[User, bool]:
    """The person of that user name or e-mail address, made without a password when there is none.

    Returns the person and whether they are new. Raises Invalid when name and address belong to two
    people, or cannot be used.
    """
    known = Q(username__iexact=username)
    if email:
        known |= Q(email__iexact=email)
    found = list(User.objects.filter(known)[:2])
    if len(found) > 1:
        raise Invalid("This user name and this e-mail address belong to two people.")
    if found:
        return found[0], False
    user = User(username=username, email=email, full_name=full_name)
    user.set_unusable_password()
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        raise Invalid(" ".join(error.messages)) from error
    user.save()
    record(by, "person.created", user)
    return user, True


@transaction.atomic
def roles_set(by: User, user: User, site: Site, roles: Iterable[str]) -> None:
    """``user`` has exactly these roles at ``site`` from now on; none means no member any more.

    Their API tokens of the site end with the membership. Raises NotAllowed for a site that ``by``
    does not manage, Invalid for a role that does not exist or when nobody would manage the site.
    """
    if not (can(by, Verb.MANAGE_SITE, site) or is_system_administrator(by)):
        raise NotAllowed("You do not manage this site.")
    try:
        wanted = {Role(role) for role in roles}
    except ValueError as error:
        raise Invalid("There is no such role.", field="roles") from error
    with site_scope([site.pk]):
        Site.objects.select_for_update().get(pk=site.pk)  # two administrators at once
        rows = {Role(m.role): m for m in Membership.objects.filter(user=user, site=site)}
        if Role.SITE_ADMIN in rows and Role.SITE_ADMIN not in wanted and by.pk == user.pk:
            raise Invalid("Ask another administrator to take your own administration away.")
        for role in sorted(wanted - rows.keys()):
            made = Membership.objects.create(user=user, site=site, role=role)
            record(by, "membership.granted", made, details=_about(user, role))
        for role in sorted(rows.keys() - wanted):
            record(by, "membership.removed", rows[role], details=_about(user, role))
            rows[role].delete()
        if not wanted and rows:
            _revoke_tokens(by, ApiToken.objects.filter(user=user, site=site))


@transaction.atomic
def person_close(by: User, user: User) -> None:
    """Close an account: nobody signs in, every session and token ends. What was signed stays."""
    _require_system_administrator(by)
    if by.pk == user.pk:
        raise Invalid("Ask another administrator to close your own account.")
    if not user.is_active:
        return
    user.is_active = False
    user.save(update_fields=["is_active"])
    end_all_sessions(user)
    _revoke_tokens(by, ApiToken.objects.filter(user=user))
    record(by, "person.closed", user)


@transaction.atomic
def person_reopen(by: User, user: User) -> None:
    _require_system_administrator(by)
    if not user.is_active:
        user.is_active = True
        user.save(update_fields=["is_active"])
        record(by, "person.reopened", user)


@transaction.atomic
def person_rename(by: User, user: User, *, full_name: str, email: str) -> None:
    """Another display name or address. What was signed keeps the name of its time."""
    _require_system_administrator(by)
    user.full_name, user.email = full_name.strip(), email.strip()
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        raise Invalid(" ".join(error.messages)) from error
    user.save(update_fields=["full_name", "email"])
    record(by, "person.renamed", user)


@transaction.atomic
def administrator_set(by: User, user: User, *, is_administrator: bool) -> None:
    """Make somebody a system administrator, or take it back."""
    _require_system_administrator(by)
    if by.pk == user.pk and not is_administrator:
        raise Invalid("Ask another administrator to take your own administration away.")
    if user.is_system_administrator != is_administrator:
        user.is_system_administrator = is_administrator
        user.save(update_fields=["is_system_administrator"])
        record(by, "person.administrator_set", user, details={"is": is_administrator})


@transaction.atomic
def second_factor_reset(by: User, user: User) -> None:
    """Take away the second factor of somebody who lost it; their sessions end."""
    _require_system_administrator(by)
    for authenticator in Authenticator.objects.filter(user_id=user.pk):
        authenticator.delete()
    end_all_sessions(user)
    record(by, "person.second_factor_reset", user)


def welcome_address(by: User, user: User) -> str:
    """The address where the person chooses a password; it works once, for some days.

    A system administrator may make one for anybody; a site administrator only for somebody who
    has never signed in and belongs to nobody else's site. Raises NotAllowed otherwise.
    """
    if not is_system_administrator(by):
        sites = set(user.memberships.values_list("site_id", flat=True))
        own = {site for site in sites if can(by, Verb.MANAGE_SITE, _SiteId(site))}
        unused = not user.has_usable_password() and user.last_login is None
        if not sites or sites != own or not unused or user.is_system_administrator:
            raise NotAllowed("Ask a system administrator for a new link for this person.")
    record(by, "person.link_made", user)
    key = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("account_welcome", args=[key, default_token_generator.make_token(user)])


def person_of_link(key: str, token: str) -> User:
    """Whom a welcome address was made for. Raises NotFound when it was used or is too old."""
    try:
        user = User.objects.get(pk=int(force_str(urlsafe_base64_decode(key))), is_active=True)
    except (ValueError, OverflowError, User.DoesNotExist):
        user = None
    if user is None or not default_token_generator.check_token(user, token):
        raise NotFound("This link was used already or is too old. Ask for another one.")
    return user


@transaction.atomic
def password_choose(user: User, password: str) -> None:
    """The person's own password, by a welcome address. Raises Invalid when it is too weak."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), field="password") from error
    user.set_password(password)
    user.save(update_fields=["password"])
    end_all_sessions(user)
    record(user, "person.password_set", user)


@transaction.atomic
def site_change(by: User, site: Site, *, second_factor_required: bool) -> None:
    """Settings of a site. Raises NotAllowed for one that ``by`` does not manage."""
    if not can(by, Verb.MANAGE_SITE, site):
        raise NotAllowed("You do not manage this site.")
    if site.second_factor_required != second_factor_required:
        site.second_factor_required = second_factor_required
        site.save(update_fields=["second_factor_required"])
        details = {"second_factor_required": second_factor_required}
        record(by, "site.changed", site, site=site, details=details)


@transaction.atomic
def token_revoke(by: User, token: ApiToken) -> None:
    """End an API token: one's own, or any of a site that one manages."""
    if token.user_id != by.pk and not can(by, Verb.MANAGE_SITE, token):
        if token.site_id in by.roles_by_site():
            raise NotAllowed("This token belongs to somebody else.")
        raise NotFound("There is no such token.")
    _revoke_tokens(by, ApiToken.objects.filter(pk=token.pk))


def _revoke_tokens(by: User, tokens: Any) -> None:
    for token in tokens.filter(revoked_at=None):
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        with site_scope([token.site_id]):
            details = {"prefix": token.prefix, "user": token.user_id}
            record(by, "token.revoked", token, details=details)


def _require_system_administrator(by: User) -> None:
    if not is_system_administrator(by):
        raise NotAllowed("This is for system administrators.")


def _about(user: User, role: Role) -> dict[str, Any]:
    return {"user": user.pk, "role": role.value}


class _SiteId:
    """A site known by its id alone, for ``can``."""

    def __init__(self, site_id: int) -> None:
        self.site_id = site_id
