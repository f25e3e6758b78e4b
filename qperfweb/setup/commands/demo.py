"""Show everything on this machine: set up, start, import simulated exams, print the sign-ins.

Sign-ins and address are also written to demo.json in the state folder. Stop with Ctrl-C; the next
start takes seconds and finds everything as it was. DATABASE_URL names a PostgreSQL server to use
instead of the embedded one.
"""

from __future__ import annotations

import json
import secrets
import subprocess
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qperfweb.setup.console import SetupError, complain, say, step
from qperfweb.setup.databases import Database, open_database
from qperfweb.setup.environment import PYTHON, ROOT, ensure_environment, environment_variables
from qperfweb.setup.frontend import ensure_frontend
from qperfweb.setup.locks import try_exclusive
from qperfweb.setup.processes import Child, Supervisor, wait_until
from qperfweb.setup.state import make_state_folder, state_folder, write_private
from qperfweb.setup.web import is_up, next_free_port, web_server, worker

SITES = (("north", "North Hospital"), ("south", "South Hospital"))
EXAMS = (("north", 30), ("south", 20))
"""Site and seed of each simulated exam."""


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in to the demo. No role: the system administrator."""

    username: str
    full_name: str
    role: str
    sites: Sequence[str]


PEOPLE = (
    Person("technologist", "Tara Technologist", "technologist", ["north"]),
    Person("reader", "Rowan Reader", "reader", ["north"]),
    Person("reviewer", "Robin Reviewer", "reviewer", ["north", "south"]),
    Person("auditor", "Ari Auditor", "auditor", ["north", "south"]),
    Person("site-admin", "Sam Siteadmin", "site_admin", ["north"]),
    Person("south-reader", "Sasha Reader", "reader", ["south"]),
    Person("administrator", "Alex Administrator", "", []),
)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8000, help="port (8000, or one that is free)")
    parser.add_argument(
        "--data",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="import this DICOM file, folder or zip as well (may be given several times)",
    )


def main(options: Namespace, rest: list[str]) -> int:
    for path in options.data:
        if not path.exists():
            raise SetupError(f"--data: there is no {path}")
    _refuse_a_second_demo(make_state_folder())
    ensure_environment()
    ensure_frontend()
    with open_database() as database:
        require_all_logins(database)
        with step("Database schema"):
            _manage(database, "migrate", "-v", "0", "--skip-checks")
        supervisor = Supervisor(database)
        try:
            with step("Web server, sites and people"):
                address, web = _start_web(supervisor, database, options.port)
                people = _make_people(database)
                wait_until(lambda: is_up(address), web, 60.0, "web server")
            _write_sign_ins(address, people)
            # Only now: loading its numerical libraries would slow down the web server's start.
            supervisor.start(worker(database, log=_log("worker")))
            _import_simulated_exams(database)
            for path in options.data:
                _import(database, SITES[0][0], path)
            _tell(address, people)
            supervisor.watch()
        finally:
            say("Stopping")
            supervisor.stop()
    return 0


def require_all_logins(database: Database) -> None:
    """The demo migrates, serves and works: it needs all three addresses."""
    if not database.owner or not database.worker:
        raise SetupError(
            "DATABASE_URL is set, so the demo also needs DATABASE_OWNER_URL and "
            "DATABASE_WORKER_URL (docs/operations.md, Database)"
        )


def _refuse_a_second_demo(state: Path) -> None:
    # Held until this process ends; the descriptor is left open on purpose.
    if try_exclusive(state / "demo.lock") is None:
        running = _sign_ins().get("address", "")
        raise SetupError(
            f"a demo of this state folder is already running {f'at {running}' if running else ''}: "
            "stop it first, or name another folder with QPERF_STATE"
        )


def _make_people(database: Database) -> list[dict[str, Any]]:
    """Make sites and people that are missing; those of an earlier start keep their passwords."""
    known = {person["username"]: person for person in _sign_ins().get("people", [])}
    people = []
    for person in PEOPLE:
        people.append(
            {
                "role": person.role or "administrator",
                "username": person.username,
                "password": known.get(person.username, {}).get("password")
                or secrets.token_urlsafe(12),
                "full_name": person.full_name,
                "sites": list(person.sites),
            }
        )
    wanted = {"sites": [list(site) for site in SITES], "people": people}
    _manage(database, "make_people", stdin=json.dumps(wanted))
    return people


def _start_web(supervisor: Supervisor, database: Database, wanted_port: int) -> tuple[str, Child]:
    port = next_free_port("127.0.0.1", wanted_port)
    if port != wanted_port:
        say(f"  -- port {wanted_port} is taken, using {port}")
    web = web_server(database, "127.0.0.1", port, _log("web"))
    supervisor.start(web)
    return f"http://127.0.0.1:{port}/", web


def _log(name: str) -> Path:
    logs = state_folder() / "logs"
    logs.mkdir(exist_ok=True, mode=0o700)
    return logs / f"{name}.log"


def _import_simulated_exams(database: Database) -> None:
    done = state_folder() / "demo-imported"
    imported = done.read_text(encoding="utf-8").split() if done.exists() else []
    for site, seed in EXAMS:
        exam = f"{site}-{seed}"
        if exam in imported:
            continue
        folder = state_folder() / "simulated" / exam
        with step(f"Simulated exam for {site}"):
            command = ["-m", "analysis", "simulate", "--out", str(folder)]
            command += ["--seed", str(seed), "--patients", "1"]
            _python(environment_variables(), command)
        _import(database, site, folder)
        imported.append(exam)
        done.write_text("\n".join(imported) + "\n", encoding="utf-8")


def _import(database: Database, site: str, path: Path) -> None:
    with step(f"Import of {path.name} to {site}"):
        _manage(database, "import_dicom", "--site", site, str(path.resolve()))


def _manage(database: Database, *arguments: str, stdin: str = "") -> None:
    variables = environment_variables() | database.variables()
    _python(variables, [str(ROOT / "manage.py"), *arguments], stdin)


def _python(variables: dict[str, str], arguments: Sequence[str], stdin: str = "") -> None:
    done = subprocess.run(
        [str(PYTHON), *arguments],
        env=variables,
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        start_new_session=True,
    )
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no message"]
        for line in lines[-20:-1]:
            complain(line)
        raise SetupError(lines[-1].removeprefix("CommandError: "))


def _write_sign_ins(address: str, people: list[dict[str, Any]]) -> None:
    content = {"address": address, "people": people}
    write_private(state_folder() / "demo.json", json.dumps(content, indent=2) + "\n")


def _sign_ins() -> dict[str, Any]:
    try:
        kept: dict[str, Any] = json.loads((state_folder() / "demo.json").read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return kept


def _tell(address: str, people: list[dict[str, Any]]) -> None:
    say("")
    say(f"QPerf Web is at {address}")
    say("")
    for person in people:
        sites = ", ".join(person["sites"]) or "no patient data"
        say(f"  {person['username']:<14} {person['password']:<18} {person['role']} ({sites})")
    say("")
    say(f"These sign-ins are also in {state_folder() / 'demo.json'}. Ctrl-C stops everything.")
