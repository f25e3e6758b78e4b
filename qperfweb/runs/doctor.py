"""Rows and files held against each other after a bad day, and put right where that is safe.

Files come before their rows and are flushed first, so a crash may leave a file that nobody names,
and never a row without its file: that takes a lost disk or an incomplete restore. A file without a
row was never acknowledged to its sender and goes; a row without a file is never touched: its file
is brought back, or a person is told what to send again.

file-without-row    an object or bundle that no row names
unfinished          a staged file or folder that nobody finishes any more
object-missing      a row names an object that is not in the store
bundle-missing      a run names a bundle that is not in the store
damaged             a file whose bytes are not those that its name promises
not-shared          a file that is here but not in the object store
run-stalled         a run whose worker is gone, or whose job is
study-unsettled     a study with objects that no run was asked for
delivery-waiting    objects that the DICOM listener answered for and did not index yet
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from django.conf import settings

from qperfweb.studies import object_store, storage

from . import services, tasks
from .bundles import MANIFEST, BundleDamaged, bundle_folder, bundle_name, verify_bundle
from .models import AnalysisRun, RunPurpose
from .named_files import bundles_named, objects_named
from .queries import runs_without_job, stalled_runs, unsettled_studies
from .shared_bundles import share_bundle

HARMLESS = frozenset({"file-without-row", "unfinished", "not-shared", "delivery-waiting"})
"""What a crash may leave behind without anything being lost."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is not as it should be.

    what: a file below the store, or a row by table and id. remedy: what ``mend`` does, or what a
    person has to do where it is None.
    """

    kind: str
    what: str
    remedy: str
    mend: Callable[[], object] | None = None


def examine(*, age_s: float, verify: bool = False, source: Path | None = None) -> Iterator[Finding]:
    """Look at everything that the open site scope sees; it must be that of all sites.

    age_s: younger files may belong to a delivery or a run that is under way. verify: read every
    file, too. source: a store folder (of a backup, of another machine) with files to bring back.
    """
    yield from _files_and_rows(age_s, verify, source)
    yield from _unfinished(age_s)
    yield from _waiting()


def _files_and_rows(age_s: float, verify: bool, source: Path | None) -> Iterator[Finding]:
    # Files first: what is received while we look has its row by the time that rows are read.
    objects = _object_files()
    bundles = _bundle_folders()
    named_objects: dict[str, list[str]] = defaultdict(list)
    for naming in objects_named():
        named_objects[naming.sha256].append(naming.row)
    named_bundles: dict[str, list[int]] = defaultdict(list)
    for naming in bundles_named():
        named_bundles[naming.sha256].append(naming.row_id)
    oldest = time.time() - age_s
    for sha256, path in (objects | bundles).items():
        if sha256 in named_objects or sha256 in named_bundles:
            continue
        if path is None or path.stat().st_mtime < oldest:
            yield _without_row(sha256, is_bundle=sha256 in bundles)
    for sha256, rows in named_objects.items():
        if sha256 not in objects and not storage.object_path(sha256).exists():
            yield _object_missing(sha256, rows, source)
    for sha256, run_ids in named_bundles.items():
        if sha256 not in bundles:
            yield _bundle_missing(sha256, run_ids, source)
    if object_store.shared_store() is not None:
        yield from _not_shared(named_objects, named_bundles)
    if verify:
        yield from _damaged(named_objects, named_bundles, source)


def _object_files() -> dict[str, Path | None]:
    """Every object by hash; None for one that only the object store has."""
    found: dict[str, Path | None] = {
        name.rpartition("/")[2]: None for name in object_store.names_under("objects")
    }
    for path in (settings.STORE_DIR / "objects").glob("*/*/*"):
        found[path.name] = path
    return found


def _bundle_folders() -> dict[str, Path | None]:
    """Every complete bundle by name; None for one that only the object store has."""
    shared = (name.split("/") for name in object_store.names_under("bundles"))
    found: dict[str, Path | None] = {parts[2]: None for parts in shared if parts[-1] == MANIFEST}
    for path in (settings.STORE_DIR / "bundles").glob(f"*/*/{MANIFEST}"):
        found[path.parent.name] = path.parent
    return found


def _without_row(sha256: str, *, is_bundle: bool) -> Finding:
    name = bundle_name(sha256) if is_bundle else storage.object_name(sha256)

    def take_away() -> None:
        storage.remove(settings.STORE_DIR / name)
        object_store.delete(name)

    return Finding(
        kind="file-without-row",
        what=name,
        remedy="take it away: nobody was told that it is kept",
        mend=take_away,
    )


def _object_missing(sha256: str, rows: list[str], source: Path | None) -> Finding:
    name = storage.object_name(sha256)
    what = f"{name} of {', '.join(rows[:3])}{' and others' if len(rows) > 3 else ''}"
    copy = source / name if source else None
    if copy and copy.is_file() and _sha256(copy) == sha256:
        return Finding(
            kind="object-missing",
            what=what,
            remedy=f"copy it from {source}",
            mend=partial(_put_back, copy, name),
        )
    remedy = "send the study again: a known object heals itself; or name a backup with --from"
    return Finding(kind="object-missing", what=what, remedy=remedy)


def _bundle_missing(sha256: str, run_ids: list[int], source: Path | None) -> Finding:
    name = bundle_name(sha256)
    what = f"{name} of run {run_ids[-1]}"
    copy = source / name if source else None
    if copy and (copy / MANIFEST).is_file():
        return Finding(
            kind="bundle-missing",
            what=what,
            remedy=f"copy it from {source}",
            mend=partial(_put_back, copy, name),
        )
    run = AnalysisRun.objects.get(pk=run_ids[-1])
    if AnalysisRun.objects.filter(study=run.study_id, id__gt=run.pk).exists():
        remedy = "a newer analysis stands; name a backup with --from to see this one again"
        return Finding(kind="bundle-missing", what=what, remedy=remedy)
    return Finding(
        kind="bundle-missing",
        what=what,
        remedy="analyse the study again; readings of the old run keep their numbers",
        mend=partial(_analyse_again, run_ids[-1]),
    )


def _not_shared(objects: Iterable[str], bundles: Iterable[str]) -> Iterator[Finding]:
    there = {name.rpartition("/")[2] for name in object_store.names_under("objects")}
    for sha256 in set(objects) - there:
        path, name = storage.local_path(sha256), storage.object_name(sha256)
        if path.exists():
            mend = partial(object_store.put_files, [(path, name)])
            yield Finding(kind="not-shared", what=name, remedy="copy it there", mend=mend)
    names = (name.split("/") for name in object_store.names_under("bundles"))
    complete = {parts[2] for parts in names if parts[-1] == MANIFEST}
    for digest in set(bundles) - complete:
        if (bundle_folder(settings.STORE_DIR, digest) / MANIFEST).exists():
            mend = partial(share_bundle, digest)
            name = bundle_name(digest)
            yield Finding(kind="not-shared", what=name, remedy="copy it there", mend=mend)


def _damaged(
    objects: Iterable[str], bundles: Iterable[str], source: Path | None
) -> Iterator[Finding]:
    for sha256 in objects:
        path = storage.local_path(sha256)
        if path.exists() and _sha256(path) != sha256:
            yield _set_aside(path, storage.object_name(sha256), source)
    for digest in bundles:
        folder = bundle_folder(settings.STORE_DIR, digest)
        if not (folder / MANIFEST).exists():
            continue
        try:
            wrong = verify_bundle(settings.STORE_DIR, digest)
        except BundleDamaged:
            wrong = [MANIFEST]
        if wrong:
            yield _set_aside(folder, bundle_name(digest), source)


def _set_aside(path: Path, name: str, source: Path | None) -> Finding:
    def move() -> None:
        target = settings.STORE_DIR / "damaged" / f"{int(time.time())}-{path.name}"
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.rename(target)
        if source and (source / name).exists():
            _put_back(source / name, name)

    return Finding(
        kind="damaged",
        what=name,
        remedy="move it to damaged/ and count it as missing from then on",
        mend=move,
    )


def _unfinished(age_s: float) -> Iterator[Finding]:
    for path in storage.stale_staging(age_s):
        # A zip waits for its browser to ask for the next page of members.
        if path.name.startswith("zip-") and path.stat().st_mtime > time.time() - max(
            age_s, storage.STALE_AFTER_S
        ):
            continue
        yield Finding(
            kind="unfinished",
            what=f"tmp/{path.name}",
            remedy="take it away: whoever wrote it is gone",
            mend=partial(storage.remove, path),
        )
    waiting = sum(1 for _ in (settings.STORE_DIR / "incoming").glob("*/*/*.dcm"))
    if waiting:
        yield Finding(
            kind="delivery-waiting",
            what=f"incoming/ ({waiting} objects)",
            remedy="start ./run dicom-listener: it takes in what it answered for",
        )


def _waiting() -> Iterator[Finding]:
    for run in stalled_runs():
        yield Finding(
            kind="run-stalled",
            what=f"run {run.pk}, last alive {run.heartbeat_at:%Y-%m-%d %H:%M:%S}",
            remedy="queue it again",
            mend=partial(tasks.defer_run, run),
        )
    for run in runs_without_job():
        yield Finding(
            kind="run-stalled",
            what=f"run {run.pk}, waiting without a job",
            remedy="queue it again",
            mend=partial(tasks.defer_run, run),
        )
    for study in unsettled_studies():
        yield Finding(
            kind="study-unsettled",
            what=f"study {study.pk}",
            remedy="look at it again now",
            mend=partial(tasks.settle_later, study, 0),
        )


def _put_back(copy: Path, name: str) -> None:
    target = settings.STORE_DIR / name
    draft = storage.staging_folder() / f"back-{os.getpid()}-{target.name}"
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    storage.remove(draft)
    if copy.is_dir():
        shutil.copytree(copy, draft)
    else:
        shutil.copyfile(copy, draft)
    draft.rename(target)


def _analyse_again(run_id: int) -> None:
    run = AnalysisRun.objects.select_related("study").get(pk=run_id)
    services.run_request(
        run.study, purpose=RunPurpose.REPEATED, parent=run, reason="its bundle was lost"
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
