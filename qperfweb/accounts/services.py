"""Changes to sites and people. Each leaves its line in the trail."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from qperfweb.accounts.models import Membership, Site, User
from qperfweb.core.audit import record
from qperfweb.core.errors import Invalid
from qperfweb.core.permissions import Role
from qperfweb.core.rls import site_scope


def site_ensure(slug: str, name: str, *, by: User | None = None) -> Site:
    """The site with this slug; made when it does not exist."""
    site, made = Site.objects.get_or_create(slug=slug, defaults={"name": name})
    if made:
        with site_scope([site.pk]):
            record(by, "site.created", site, site=site, details={"slug": slug})
    return site


@transaction.atomic
def person_ensure(
    username: str,
    password: str,
    *,
    by: User | None = None,
    is_system_administrator: bool = False,
    **fields: Any,
) -> User:
    """The person with this user name and password; made or given that password if need be.

    Raises
    ------
    Invalid
        When the password is too weak; says why.
    """
    user = User.objects.filter(username__iexact=username).first()
    action = "person.created"
    if user is None:
        user = User(username=username, is_system_administrator=is_system_administrator, **fields)
    elif user.check_password(password):
        return user
    else:
        action = "person.password_set"
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), field="password") from error
    user.set_password(password)
    user.save()
    record(by, action, user)
    return user


def member_ensure(user: User, site: Site, role: Role, *, by: User | None = None) -> Membership:
    """``user`` has ``role`` at ``site``."""
    with site_scope([site.pk]):
        membership, made = Membership.objects.get_or_create(user=user, site=site, role=role)
        if made:
            details = {"user": user.pk, "role": role.value}
            record(by, "membership.granted", membership, details=details)
    return membership
