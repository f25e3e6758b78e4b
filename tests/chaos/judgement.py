"""Did an installation keep its promises? Asked through its database, its store and its doctor."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.chaos.exams import sha256


@dataclass
class Report:
    """What happened and what was found afterwards. problems: broken promises, in words."""

    kills: list[str] = field(default_factory=list)
    stages: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    retried: int = 0
    runs: Counter[str] = field(default_factory=Counter)
    attempts: Counter[int] = field(default_factory=Counter)
    longest_silence_s: float = 0.0
    left_behind: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Plain values; of the kills only how many of each kind."""
        plain = {k: dict(v) if isinstance(v, Counter) else v for k, v in vars(self).items()}
        return plain | {"kills": dict(Counter(self.kills))}


def judge(
    report: Report,
    *,
    sent: Mapping[str, str],
    store: Path,
    rows: psycopg.Connection,
    manage: Callable[..., str],
) -> None:
    """Note in the report what happened to everything that was acknowledged, and what is broken.

    sent: hash of each object by SOP Instance UID. manage: runs a management command.
    """
    report.acknowledged = len(sent)
    _judge_objects(report, sent, store, rows)
    _judge_runs(report, rows)
    for finding in _doctor(manage, "--mend", "--verify"):
        report.left_behind[finding["kind"]] += 1
        if not finding["harmless"] or not finding["mended"]:
            report.problems.append(f"doctor: {finding['kind']} {finding['what']}")
    if again := _doctor(manage):
        report.problems.append(f"the doctor had to come twice: {again[:3]}")


def _doctor(manage: Callable[..., str], *options: str) -> list[dict[str, Any]]:
    said = manage("doctor", "--json", "--minutes", "0", *options, code=None)
    findings: list[dict[str, Any]] = json.loads(said)["findings"]
    return findings


def _judge_objects(
    report: Report, sent: Mapping[str, str], store: Path, rows: psycopg.Connection
) -> None:
    kept = dict(rows.execute("SELECT sop_instance_uid, sha256 FROM studies_instance").fetchall())
    for uid, digest in sent.items():
        path = store / "objects" / digest[:2] / digest[2:4] / digest
        if kept.get(uid) != digest:
            report.problems.append(f"an acknowledged object has no row: {uid}")
        elif not path.exists() or sha256(path.read_bytes()) != digest:
            report.problems.append(f"an acknowledged object has no file: {uid}")


def _judge_runs(report: Report, rows: psycopg.Connection) -> None:
    for run, state, attempt, words, segments, measured, requested, succeeded in rows.execute(
        "SELECT r.id, r.state, r.attempt, r.failure_message, "
        "(SELECT count(*) FROM runs_segmentresult s WHERE s.run_id = r.id), "
        "(SELECT count(*) FROM jsonb_path_query(r.document, "
        " '$.acquisitions[*].slices[*].segments[*]')), "
        "(SELECT count(*) FROM core_trailevent e WHERE e.object_type = 'runs.analysisrun' "
        " AND e.object_id = r.id::text AND e.action = 'run.requested'), "
        "(SELECT count(*) FROM core_trailevent e WHERE e.object_type = 'runs.analysisrun' "
        " AND e.object_id = r.id::text AND e.action = 'run.succeeded') "
        "FROM runs_analysisrun r"
    ).fetchall():
        report.runs[state] += 1
        report.attempts[attempt] += 1
        wanted = (1, 1) if state == "succeeded" else (1, 0)
        if (requested, succeeded) != wanted:
            report.problems.append(f"run {run} is {state} and has events {requested, succeeded}")
        if (state == "succeeded") != bool(segments) or segments != measured:
            report.problems.append(f"run {run} is {state} with {segments} segments")
        if state == "failed" and not words:
            report.problems.append(f"run {run} failed without a reason")
        if attempt > 3:
            report.problems.append(f"run {run} was tried {attempt} times")
    twice = rows.execute(
        "SELECT count(*) FROM (SELECT FROM runs_analysisrun GROUP BY study_id, input_sha256 "
        "HAVING count(*) > 1) t"
    ).fetchone()
    if twice and twice[0]:
        report.problems.append(f"{twice[0]} studies were analysed twice with the same objects")
