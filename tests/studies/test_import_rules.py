"""A site teaches intake how its own scanner names its images."""

from __future__ import annotations

import json

import pytest

from qperfweb.core.errors import Invalid
from qperfweb.core.models import TrailEvent
from qperfweb.runs.models import RunPurpose
from qperfweb.runs.services import run_request
from qperfweb.studies.import_rules import import_rules, import_rules_set
from qperfweb.studies.models import Series
from tests.dicom import make
from tests.reports.exports import received

RULE = {
    "name": "our maps",
    "role": "map",
    "pattern": "XQ7",
    "scale": 0.001,
    "says": "our flow maps",
}


def objects():
    return make.first_pass("XQ7 rest", frames=1, Manufacturer="Unheard of")


def test_a_series_that_nobody_knows_says_what_was_not_understood(in_site, tmp_path):
    received(in_site, tmp_path / "exam", objects())
    found = Series.objects.get().classification
    assert not found["used"]
    told = " ".join(found["evidence"])
    assert "name 'XQ7 rest' fit no import rule" in told


def test_a_rule_of_the_site_is_used_by_intake_and_kept_with_the_run(
    in_site, user_of, as_worker, tmp_path
):
    administrator = user_of("site_admin", in_site)
    import_rules_set(in_site, json.dumps([RULE]), administrator)
    study = received(in_site, tmp_path / "exam", objects())
    found = Series.objects.get().classification
    assert (found["used"], found["kind"]) == (True, "map")
    assert "named as our flow maps" in found["evidence"]
    run = run_request(study, purpose=RunPurpose.FIRST)
    assert run.parameters["import_rules"] == [RULE]
    with as_worker():
        assert [r.name for r in import_rules(in_site.pk)] == ["our maps"]
    event = TrailEvent.objects.get(action="import-rules.changed")
    assert (event.actor, event.details) == (administrator, {"before": 0, "after": 1})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[{", "line 1"),
        ('{"name": "x"}', "list of objects"),
        ('[{"name": "x", "role": "soup", "pattern": "a"}]', "no role"),
        ('[{"name": "x", "role": "map", "pattern": "("}]', "regular expression"),
        ('[{"name": "x", "role": "map", "pattern": "(a+)+b"}]', "repeats no group"),
        ('[{"name": "x", "role": "map", "pattern": "a", "scale": -1}]', "larger than 0"),
        ('[{"name": "x", "role": "map", "pattern": "a", "scale": true}]', "is a number"),
        ('[{"name": "x", "role": "map", "pattern": "a", "field": "uid"}]', "no field"),
        ('[{"name": "x", "role": "map", "pattern": 7}]', "texts"),
    ],
)
def test_rules_that_make_no_sense_are_refused_in_words(in_site, user_of, text, told):
    with pytest.raises(Invalid) as refused:
        import_rules_set(in_site, text, user_of("site_admin", in_site))
    assert told in refused.value.message
    assert import_rules(in_site.pk) == ()
