"""The deployment files are well formed and speak of commands and settings that exist."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
import yaml

from tests.architecture.test_documents import OPERATIONS, named
from tests.database import ROOT
from tests.setup.test_problems import COMMANDS

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())


def test_the_example_of_settings_lists_each_one_that_is_described():
    listed = re.findall(r"(?m)^#?([A-Z_]+)=", (DEPLOY / "qperf.env").read_text("utf-8"))
    assert len(listed) == len(set(listed))
    assert set(listed) == named(r"`((?:QPERF_|DATABASE_)[A-Z_]+)[`=]", [OPERATIONS])


@pytest.mark.parametrize("path", [p for p in UNITS if p.suffix == ".service"], ids=lambda p: p.name)
def test_units_start_commands_that_exist_and_restart_what_serves(path):
    unit = path.read_text("utf-8")
    (command,) = re.findall(r"/opt/qperfweb/run ([a-z-]+)", unit)
    assert command in COMMANDS
    assert ("Restart=always" in unit) != ("Type=oneshot" in unit)
    assert "NoNewPrivileges=yes" in unit


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed here")
def test_systemd_understands_the_units(tmp_path):
    for path in UNITS:
        text = path.read_text("utf-8").replace("/opt/qperfweb/run", str(ROOT / "run"))
        text = text.replace("/opt/qperfweb", str(ROOT)).replace("EnvironmentFile=", "#")
        (tmp_path / path.name.replace("@", "@1")).write_text(text)
    units = [str(path) for path in sorted(tmp_path.iterdir())]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    ours = [line for line in done.stderr.splitlines() if "qperf" in line]
    assert ours == []


def test_compose_starts_what_exists_with_settings_that_exist():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    described = named(r"`((?:QPERF_|DATABASE_)[A-Z_]+)[`=]", [OPERATIONS])
    ours = {n: s for n, s in compose["services"].items() if s["image"] == "qperfweb"}
    assert set(ours) == {"upgrade", "web", "worker"}
    for service in ours.values():
        assert service["command"][0] in COMMANDS
        assert set(service["environment"]) <= described
        assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    assert set(compose["volumes"]) == {"database", "state", "backups"}


def test_the_image_is_set_up_by_the_same_command_and_runs_as_nobody_special():
    lines = (DEPLOY / "Dockerfile").read_text("utf-8").splitlines()
    steps = [line.split()[0] for line in lines if line and line[0].isupper()]
    assert steps.index("USER") < steps.index("COPY")
    assert any(line.endswith("./run setup") for line in lines)
    assert 'ENTRYPOINT ["./run"]' in lines


def test_the_proxy_keeps_searches_out_of_its_log_and_metrics_to_itself():
    conf = (DEPLOY / "nginx.conf").read_text("utf-8")
    assert conf.count("{") == conf.count("}")
    assert "access_log off;" in conf
    assert re.search(r"location = /metrics \{\s+deny all;", conf)
    for header in ("X-Forwarded-Proto $scheme", "X-Forwarded-For $remote_addr", "Host $host"):
        assert header in conf


@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed here")
def test_nginx_understands_the_proxy(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=perfusion"]
    make += ["-keyout", key, "-out", certificate]
    subprocess.run(make, check=True, capture_output=True)
    conf = (DEPLOY / "nginx.conf").read_text("utf-8")
    conf = conf.replace("/etc/ssl/certs/perfusion.example.org.pem", str(certificate))
    conf = conf.replace("/etc/ssl/private/perfusion.example.org.key", str(key))
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{conf}\n}}\n")
    command = ["nginx", "-t", "-c", str(whole), "-e", str(tmp_path / "error.log")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
