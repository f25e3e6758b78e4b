"""Folders that are emptied into a site."""

from __future__ import annotations

import os
import zipfile

import pytest
from django.core.exceptions import ImproperlyConfigured

from qperfweb.core.rls import site_scope
from qperfweb.dicom_network.watch import WatchedFolder, Watcher, parse_folders
from qperfweb.privacy.models import Policy
from qperfweb.studies.models import Instance, IntakeBatch
from tests.dicom import make
from tests.privacy.naming import naming_image


@pytest.fixture
def folder(own_database, site, tmp_path):
    path = tmp_path / "incoming"
    path.mkdir()
    return WatchedFolder(site=site.slug, path=path)


def test_whole_files_are_taken_and_moved_and_refused_ones_have_their_reason(folder, site):
    make.write(folder.path / "exam", make.first_pass("perf rest", frames=3))
    with zipfile.ZipFile(folder.path / "more.zip", "w") as archive:
        archive.writestr("1.dcm", make.to_bytes(make.image(series="other")))
    (folder.path / "letter.txt").write_text("Dear colleague")
    (folder.path / "half.dcm.part").write_bytes(b"not yet")
    assert Watcher([folder], quiet_s=0).work(folder) == 5
    left = sorted(str(p.relative_to(folder.path)) for p in folder.path.rglob("*") if p.is_file())
    assert "half.dcm.part" in left
    assert sum(name.startswith("taken/exam/") for name in left) == 3
    assert "taken/more.zip" in left
    assert "errors/letter.txt" in left
    reason = (folder.path / "errors" / "letter.txt.reason.txt").read_text()
    assert "not a DICOM file" in reason
    with site_scope([site.pk]):
        assert Instance.objects.count() == 4
        assert IntakeBatch.objects.get().source == "folder"
    assert Watcher([folder], quiet_s=0).work(folder) == 0


def test_a_site_that_keeps_no_identity_has_none_left_in_its_folder(folder, site):
    with site_scope([site.pk]):
        Policy.objects.create(site=site, clean_on_arrival=True)
    make.write(folder.path, [naming_image()])
    make.write(folder.path / "pictures", [naming_image(2, BurnedInAnnotation="YES")])
    (folder.path / "letter.txt").write_text("Dear colleague")
    assert Watcher([folder], quiet_s=0).work(folder) == 3
    left = {str(p.relative_to(folder.path)) for p in folder.path.rglob("*") if p.is_file()}
    refused = {"errors/letter.txt", "errors/pictures/0000.dcm"}
    assert left == refused | {f"{name}.reason.txt" for name in refused}
    with site_scope([site.pk]):
        assert Instance.objects.count() == 1


def test_a_file_that_still_grows_waits(folder):
    path = folder.path / "a.dcm"
    data = make.to_bytes(make.image())
    path.write_bytes(data[:400])
    watcher = Watcher([folder], quiet_s=0.01)
    assert watcher.work(folder) == 0
    path.write_bytes(data)
    os.utime(path, (1, 1))
    assert watcher.work(folder) == 0  # it changed since the last look
    watcher._seen = {k: (state, since - 1) for k, (state, since) in watcher._seen.items()}
    assert watcher.work(folder) == 1


def test_folders_that_make_no_sense_are_refused():
    assert parse_folders(["north=/srv/a", "south=/srv/b"])[1].site == "south"
    for wrong in (["north"], ["north=relative"], ["a=/srv/x", "b=/srv/x/y"]):
        with pytest.raises(ImproperlyConfigured):
            parse_folders(wrong)
