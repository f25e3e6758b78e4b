"""The state folder is private, and secrets are made once."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from qperfweb.setup.console import SetupError
from qperfweb.setup.state import kept_secret, make_state_folder, state_folder, write_private


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_is_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("QPERF_STATE", str(tmp_path / "named"))
    assert state_folder() == tmp_path / "named"
    monkeypatch.delenv("QPERF_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_folder() == tmp_path / "qperfweb"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_folder() == tmp_path / ".local" / "state" / "qperfweb"


def test_an_empty_folder_made_beforehand_is_closed_and_its_parent_is_not(tmp_path, monkeypatch):
    folder = tmp_path / "state"
    folder.mkdir(mode=0o755)
    tmp_path.chmod(0o755)
    monkeypatch.setenv("QPERF_STATE", str(folder))
    make_state_folder()
    assert (mode(folder), mode(tmp_path)) == (0o700, 0o755)


def test_somebody_elses_folder_is_left_as_it_is(tmp_path, monkeypatch):
    tmp_path.chmod(0o755)
    (tmp_path / "thesis.txt").write_text("")
    monkeypatch.setenv("QPERF_STATE", str(tmp_path))
    with pytest.raises(SetupError, match="holds other things"):
        make_state_folder()
    assert mode(tmp_path) == 0o755


def test_a_secret_is_made_once_even_by_many_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("QPERF_STATE", str(tmp_path / "state"))
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(kept_secret, ["secret_key"] * 16))
    assert len(secrets) == 1
    assert len(secrets.pop()) == 44
    assert mode(tmp_path / "state" / "secret_key") == 0o600
    assert [p.name for p in (tmp_path / "state").iterdir()] == ["secret_key"]


def test_a_private_file_is_replaced_whole_and_stays_private(tmp_path):
    file = tmp_path / "folder" / "file"
    write_private(file, "one")
    write_private(file, "two")
    assert (file.read_text(), mode(file)) == ("two", 0o600)
    assert [p.name for p in file.parent.iterdir()] == ["file"]
