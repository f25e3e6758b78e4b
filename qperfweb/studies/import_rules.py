"""A site's own import rules: how its scanners name their images where nobody else does."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction

from analysis.dicom.vendors import RoleRule, rules_from_json
from analysis.errors import BadInput
from qperfweb.accounts.models import Site
from qperfweb.core import audit
from qperfweb.core.errors import Invalid

from .models import ImportRules


def rules_of(site_id: int) -> list[dict[str, Any]]:
    """The rules of a site as they were stored; empty where it has none."""
    row = ImportRules.objects.filter(site_id=site_id).first()
    return list(row.rules) if row is not None else []


def import_rules(site_id: int) -> tuple[RoleRule, ...]:
    return rules_from_json(rules_of(site_id))


@transaction.atomic
def import_rules_set(site: Site, text: str, user: Any) -> list[dict[str, Any]]:
    """Replace the rules of a site by the JSON that an administrator wrote.

    They hold for what is classified from now on: new images, corrected series, new runs.

    Raises Invalid where the text is no JSON or a rule is not valid.
    """
    try:
        rules = json.loads(text or "[]")
        rules_from_json(rules)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Invalid(f"This is not JSON: {error.msg} at {where}.", field="rules") from error
    except BadInput as error:
        raise Invalid(str(error), field="rules") from error
    before = rules_of(site.pk)
    ImportRules.objects.update_or_create(site=site, defaults={"rules": rules, "changed_by": user})
    details = {"before": len(before), "after": len(rules)}
    audit.record(user, "import-rules.changed", site, details=details)
    return list(rules)
