"""Do background jobs until told to stop."""

from __future__ import annotations

import asyncio
import signal
import time
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand
from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from qperfweb.runs.child import warm_up
from qperfweb.runs.tasks import ANALYSIS_QUEUE, CARE_QUEUE, recover_runs

GRACE_S = 10


class Command(BaseCommand):
    help = (
        "Analyse studies as they come in. Start as many workers as there are processors to spare, "
        "on any machine that reaches the database and the store. Ctrl-C finishes the job at hand; "
        "the process also ends when PostgreSQL goes away, so run it under a supervisor."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", default=None, help="name shown on the status page")
        parser.add_argument(
            "--until-empty", action="store_true", help="end when no job is waiting (for tests)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with app.replace_connector(app.connector.get_worker_connector()) as worker:
            asyncio.run(_serve(worker, options["name"], wait=not options["until_empty"]))


async def _serve(app: App, name: str | None, *, wait: bool) -> None:
    """One analysis at a time, and the short care jobs beside it so that they never wait for one.

    Care begins while the science is still being loaded: whoever starts may well do so because a
    worker died, and what that one left is looked for at once.
    """

    async def work(queue: str) -> None:
        await app.run_worker_async(
            queues=[queue],
            concurrency=1,
            name=name,
            wait=wait,
            delete_jobs="successful",
            install_signal_handlers=False,
            shutdown_graceful_timeout=GRACE_S,
        )

    async def analyse() -> None:
        await asyncio.to_thread(warm_up)
        await work(ANALYSIS_QUEUE)

    async with app.open_async():
        with suppress(AlreadyEnqueued):
            await recover_runs.defer_async(timestamp=int(time.time()))
        workers = [asyncio.create_task(work(CARE_QUEUE)), asyncio.create_task(analyse())]
        loop = asyncio.get_running_loop()
        for wanted in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(wanted, lambda: [task.cancel() for task in workers])
        first = asyncio.FIRST_COMPLETED if wait else asyncio.ALL_COMPLETED
        done, _ = await asyncio.wait(workers, return_when=first)
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    for task in done:
        if not task.cancelled():
            task.result()
