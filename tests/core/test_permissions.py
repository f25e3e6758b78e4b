"""The permission matrix, written out: a change of who may do what is a change of this file."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser

from qperfweb.core.permissions import (
    ALLOWED,
    Role,
    Verb,
    can,
    is_system_administrator,
    sites_of,
)

MATRIX = """
                 technologist  reader  reviewer  auditor  site_admin
study.view            x          x        x         x         x
study.upload          x          x        .         .         x
study.classify        x          x        .         .         x
study.assign          .          x        x         .         x
run.start             x          x        x         .         x
reading.view          x          x        x         x         x
reading.edit          .          x        x         .         .
reading.sign          .          x        x         .         .
reading.review        .          .        x         .         .
project.manage        .          .        x         .         x
query.answer          x          x        .         .         x
report.export         .          x        x         x         .
agreement.view        .          x        x         x         .
trail.view            .          .        .         x         x
identity.reveal       .          .        .         .         x
site.manage           .          .        .         .         x
"""


def written_matrix() -> set[tuple[str, str]]:
    header, *lines = MATRIX.strip().splitlines()
    roles = header.split()
    pairs = set()
    for line in lines:
        verb, *marks = line.split()
        pairs |= {(role, verb) for role, mark in zip(roles, marks, strict=True) if mark == "x"}
    return pairs


def test_the_code_says_what_the_matrix_says():
    coded = {(role.value, verb.value) for role, verbs in ALLOWED.items() for verb in verbs}
    assert coded == written_matrix()
    assert set(ALLOWED) == set(Role)


@pytest.mark.parametrize("role", Role.values)
def test_a_role_counts_only_at_its_site(role, user_of, site, other_site):
    user = user_of(role, site)
    for verb in Verb.values:
        assert can(user, verb, site) == ((role, verb) in written_matrix())
        assert not can(user, verb, other_site)
    assert sites_of(user) == [site.pk]


def test_roles_at_several_sites_add_up_and_do_not_mix(user_of, site, other_site):
    from qperfweb.accounts.models import Membership

    user = user_of("reader", site)
    Membership.objects.create(user=user, site=other_site, role="auditor")
    assert sites_of(user, Verb.SIGN_READING) == [site.pk]
    assert sites_of(user, Verb.VIEW_TRAIL) == [other_site.pk]
    assert sites_of(user) == [site.pk, other_site.pk]


def test_a_system_administrator_has_no_patient_data(user_of, site):
    administrator = user_of("administrator")
    assert is_system_administrator(administrator)
    assert sites_of(administrator) == []
    assert not any(can(administrator, verb, site) for verb in Verb.values)


def test_strangers_and_people_who_left_may_do_nothing(user_of, site):
    gone = user_of("reader", site)
    gone.is_active = False
    for user in (AnonymousUser(), gone):
        assert sites_of(user) == []
        assert not can(user, Verb.VIEW_STUDY, site)
        assert not is_system_administrator(user)
