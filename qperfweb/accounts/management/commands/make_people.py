"""Make the sites and people that a JSON document on standard input names; the demo's start."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand

from qperfweb.accounts.services import member_ensure, person_ensure, site_ensure
from qperfweb.core.permissions import Role


class Command(BaseCommand):
    help = (
        'Read {"sites": [[slug, name], ...], "people": [{username, password, full_name, role, '
        'sites}, ...]} and make what is missing. The role "administrator" is a system '
        "administrator."
    )

    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = json.load(sys.stdin)
        sites = {slug: site_ensure(slug, name) for slug, name in wanted["sites"]}
        for person in wanted["people"]:
            user = person_ensure(
                person["username"],
                person["password"],
                full_name=person["full_name"],
                is_system_administrator=person["role"] == "administrator",
            )
            for slug in person["sites"]:
                member_ensure(user, sites[slug], Role(person["role"]))
