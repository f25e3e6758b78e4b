"""What ./run serve and ./run worker start, in one process group: python -m tests.chaos.group PORT N

Everything is the product's own: embedded PostgreSQL with its usual durability, the supervisor, the
web server and N workers.
"""

from __future__ import annotations

import sys

from qperfweb.setup.commands.manage import django
from qperfweb.setup.databases import open_database
from qperfweb.setup.processes import Supervisor
from qperfweb.setup.state import state_folder
from qperfweb.setup.web import web_server, worker


def main(port: int, workers: int) -> None:
    logs = state_folder() / "logs"
    with open_database(quiet=True) as database:
        logs.mkdir(exist_ok=True)
        if django(database, "migrate", "-v", "0", "--skip-checks"):
            raise SystemExit("the migrations do not apply")
        supervisor = Supervisor(database)
        try:
            supervisor.start(web_server(database, "127.0.0.1", port, logs / "web.log"))
            for number in range(workers):
                supervisor.start(worker(database, log=logs / f"worker-{number}.log"))
            supervisor.watch()
        finally:
            supervisor.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
