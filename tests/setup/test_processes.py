"""What ``./run`` starts is kept running, and ends with it, however it ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from qperfweb.setup import processes
from qperfweb.setup.console import SetupError
from qperfweb.setup.databases import Database
from qperfweb.setup.processes import Child, Supervisor, wait_until
from tests.database import ROOT

NO_DATABASE = Database(web="", worker="", owner="")


def child(code: str, *arguments: str, log: Path | None = None) -> Child:
    return Child("child", [sys.executable, "-S", "-c", code, *arguments], dict(os.environ), log)


def eventually(condition: Callable[[], bool], limit_s: float = 60.0) -> bool:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def is_alive(pid: int) -> bool:
    """Runs, and is not merely waiting for its parent to ask how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_stopping_takes_the_childs_own_children_down_too(tmp_path):
    pids = tmp_path / "pids"
    supervisor = Supervisor(NO_DATABASE)
    supervisor.start(
        child(
            "import os, subprocess, sys, time\n"
            "inner = subprocess.Popen(['sleep', '600'])\n"
            "open(sys.argv[1], 'w').write(f'{os.getpid()} {inner.pid}\\n')\n"
            "time.sleep(600)",
            str(pids),
        )
    )
    assert eventually(lambda: pids.exists() and pids.read_text().endswith("\n"))
    outer, inner = map(int, pids.read_text().split())
    assert is_alive(outer)
    assert is_alive(inner)
    supervisor.stop()
    assert eventually(lambda: not is_alive(outer) and not is_alive(inner))


def test_a_child_that_ignores_the_request_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "GRACE_S", 0.3)
    ready = tmp_path / "ready"
    supervisor = Supervisor(NO_DATABASE)
    stubborn = child(
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "open(sys.argv[1], 'w').close(); time.sleep(600)",
        str(ready),
    )
    supervisor.start(stubborn)
    assert eventually(ready.exists)
    supervisor.stop()
    assert stubborn.process.returncode == -9


def test_what_ends_is_started_again_until_it_ends_too_often(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(processes, "RESTART_PAUSE_S", 0.02)
    log = tmp_path / "log"
    supervisor = Supervisor(NO_DATABASE)
    supervisor.start(child("print('started'); raise SystemExit(3)", log=log))
    with pytest.raises(SetupError, match="ends right after its start, code 3 .*log"):
        supervisor.watch()
    assert log.read_text().count("started") == processes.GIVE_UP_AFTER
    assert "is started again" in capsys.readouterr().out
    supervisor.stop()


def test_what_is_killed_again_and_again_is_started_again_and_again(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "RESTART_PAUSE_S", 0.02)
    starts = tmp_path / "starts"
    supervisor = Supervisor(NO_DATABASE)
    supervisor.start(
        child(
            "import os, signal, sys, time\n"
            "count = os.path.getsize(sys.argv[1]) if os.path.exists(sys.argv[1]) else 0\n"
            "open(sys.argv[1], 'a').write('x')\n"
            "if count < 7: os.kill(os.getpid(), signal.SIGKILL)\n"
            "raise SystemExit(3)",
            str(starts),
        )
    )
    with pytest.raises(SetupError, match="code 3"):
        supervisor.watch()
    assert len(starts.read_text()) == 7 + processes.GIVE_UP_AFTER
    supervisor.stop()


def test_waiting_ends_when_the_child_has_ended(tmp_path):
    ended = child("raise SystemExit(4)", log=tmp_path / "log")
    ended.start()
    with pytest.raises(SetupError, match="ended with code 4"):
        wait_until(lambda: False, ended, 20.0, "web server")


def test_killing_run_itself_ends_what_it_started(tmp_path):
    pid_file = tmp_path / "pid"
    code = (
        "import os, sys, time\n"
        "from qperfweb.setup.databases import Database\n"
        "from qperfweb.setup.processes import Child, Supervisor\n"
        "command = ['sleep', '600']\n"
        "inner = Child('child', command, dict(os.environ))\n"
        "Supervisor(Database(web='', worker='', owner='')).start(inner)\n"
        "open(sys.argv[1], 'w').write(f'{inner.process.pid}\\n')\n"
        "time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(pid_file)], cwd=ROOT) as run:
        assert eventually(lambda: pid_file.exists() and pid_file.read_text().endswith("\n"))
        run.kill()
    assert eventually(lambda: not is_alive(int(pid_file.read_text())))
