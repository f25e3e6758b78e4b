"""The short form of the siege; docs/reliability.md has the long one."""

from __future__ import annotations

import json
import random

from tests.chaos.siege import TARGETS, besiege


def test_nothing_acknowledged_is_lost_and_nothing_happens_twice_whatever_is_killed(tmp_path):
    targets = [*TARGETS]
    random.Random(8).shuffle(targets)
    report = besiege(tmp_path / "state", targets, exam_count=3, seed=8, pause_s=(0.5, 3.0))
    assert report.problems == []
    assert json.loads(json.dumps(report.to_json()))["kills"] == dict.fromkeys(TARGETS, 1)
    assert report.acknowledged == 3 * 24
    assert sum(report.runs.values()) == 3
    assert report.runs["succeeded"] + report.runs["failed"] == 3
