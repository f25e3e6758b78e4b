"""What can go wrong on a stranger's machine ends in one line and a code that is not 0."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import socket
import subprocess
import sys
from argparse import Namespace
from types import SimpleNamespace

import pytest

from qperfweb.setup import entry, environment
from qperfweb.setup.commands import demo, serve
from qperfweb.setup.console import SetupError
from qperfweb.setup.databases import Database
from qperfweb.setup.entry import Command
from qperfweb.setup.web import next_free_port, port_is_free
from tests.database import ROOT

COMMANDS = (
    "setup", "demo", "serve", "worker", "dicom-listener", "backup", "restore", "upgrade", "check",
    "test", "sbom", "benchmark", "screenshots", "manage", "python",
)  # fmt: skip


@pytest.fixture
def taken_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def run_command(main, capsys) -> tuple[int, str]:
    module = SimpleNamespace(__doc__="A test.", main=main)
    code = entry.main([Command("try", module, "")], ["try"])
    return code, capsys.readouterr().err


def test_an_old_python_is_told_so(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setattr(sys, "argv", ["run", "demo"])
    with pytest.raises(SystemExit, match=r"Python 3.11 or newer is needed, this is 3.9.*run demo"):
        runpy.run_path(str(ROOT / "run"), run_name="__main__")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    done = subprocess.run(
        [sys.executable, str(ROOT / "run"), command, "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: ./run {command}")
    assert len(done.stdout.splitlines()) > 4


def test_run_needs_nothing_but_the_standard_library():
    done = subprocess.run(
        [sys.executable, "-E", "-S", str(ROOT / "run"), "--help"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert all(command in done.stdout for command in COMMANDS)


def test_a_problem_is_one_line_and_exit_code_1(capsys):
    def main(options, rest):
        raise SetupError("port 8000 is taken: choose another with --port")

    assert run_command(main, capsys) == (1, "run: port 8000 is taken: choose another with --port\n")


def test_a_full_disk_is_one_line(capsys):
    def main(options, rest):
        raise OSError(28, "No space left on device", "/somewhere/file")

    assert run_command(main, capsys) == (1, "run: No space left on device: /somewhere/file\n")


def test_ctrl_c_is_no_problem(capsys):
    def main(options, rest):
        raise KeyboardInterrupt

    assert run_command(main, capsys) == (130, "")


def test_too_little_disk_is_noticed_before_it_is_full(tmp_path):
    with pytest.raises(SetupError, match=r"not enough disk for the packages: .* GiB needed"):
        environment.require_disk(
            tmp_path / "not" / "there", shutil.disk_usage(tmp_path).free + 2**30, "the packages"
        )


def test_no_network_is_told_from_other_trouble_of_pip(tmp_path, monkeypatch):
    """A real pip, an index that nobody serves."""
    (tmp_path / "requirements.txt").write_text("a-package-that-is-not-installed==1.0\n")
    (tmp_path / "constraints.txt").write_text("")
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "VENV", tmp_path)
    monkeypatch.setattr(environment, "PYTHON", sys.executable)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple/")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with pytest.raises(SetupError, match="cannot download the Python packages: no network"):
        environment._install("requirements.txt")
    (tmp_path / "requirements.txt").write_text("not a requirement at all !\n")
    with pytest.raises(SetupError, match=r"pip failed: ERROR: Invalid requirement"):
        environment._install("requirements.txt")


def test_serve_refuses_a_port_that_is_taken(taken_port, monkeypatch):
    monkeypatch.setattr(serve, "ensure_environment", lambda: None)
    monkeypatch.setattr(serve, "ensure_frontend", lambda: None)
    with pytest.raises(SetupError, match=f"port {taken_port} is taken"):
        serve.main(Namespace(host="127.0.0.1", port=taken_port), [])


def test_the_demo_takes_the_next_free_port(taken_port):
    assert not port_is_free("127.0.0.1", taken_port)
    other = next_free_port("127.0.0.1", taken_port)
    assert other != taken_port
    assert port_is_free("127.0.0.1", other)


def test_a_second_demo_is_refused_and_told_where_the_first_is(tmp_path, monkeypatch):
    monkeypatch.setenv("QPERF_STATE", str(tmp_path))
    demo._refuse_a_second_demo(tmp_path)
    (tmp_path / "demo.json").write_text(json.dumps({"address": "http://127.0.0.1:8000/"}))
    with pytest.raises(SetupError, match=r"already running at http://127.0.0.1:8000/"):
        demo._refuse_a_second_demo(tmp_path)


def test_the_demo_needs_all_three_logins_of_a_server_of_ones_own():
    with pytest.raises(SetupError, match="DATABASE_OWNER_URL and DATABASE_WORKER_URL"):
        demo.require_all_logins(Database(web="postgresql://a/b", worker="", owner=""))


def test_data_that_is_not_there_is_noticed_before_anything_starts(tmp_path):
    with pytest.raises(SetupError, match="--data: there is no"):
        demo.main(Namespace(data=[tmp_path / "nothing"], port=0), [])
