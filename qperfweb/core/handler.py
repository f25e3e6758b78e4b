"""How a request reaches Django's synchronous code: in one hop to a thread, and back.

Every view and middleware here is synchronous. Django's own ASGI handler changes between event loop
and thread for each of them that could be asynchronous, and opens a thread per request; that was a
third of the processor time of a page (docs/performance.md). Here a fixed set of threads answers.
"""

from __future__ import annotations

import asyncio
import contextvars
import select
import tempfile
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.db import connection
from django.http import FileResponse
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class ThreadHandler(ASGIHandler):
    """Django's ASGI handler for synchronous code; ``threads`` requests are answered at once.

    Further requests wait. Bodies are read, and answers sent, on the event loop: a slow sender or
    receiver takes no thread.
    """

    def __init__(self, threads: int) -> None:
        # Not ASGIHandler's own, which would adapt each middleware to the event loop.
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")

    async def handle(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        try:
            response = await self._in_a_thread(self._answer, scope, body)
            if response.streaming:
                await self._stream(response, receive, send)
            else:
                await self.send_response(response, send)
        finally:
            body.close()

    async def _in_a_thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, context.run, work, *arguments)

    def _answer(self, scope: Any, body: tempfile.SpooledTemporaryFile[bytes]) -> HttpResponseBase:
        _forget_lost_connection()
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        response: HttpResponseBase | None
        request, response = self.create_request(scope, body)
        if request is not None:
            response = self.get_response(request)
        assert response is not None  # create_request makes one of the two
        # Django's close() names it as the sender of request_finished.
        vars(response)["_handler_class"] = self.__class__
        if isinstance(response, FileResponse):
            response.block_size = self.chunk_size
        if not response.streaming:
            response.close()
        return response

    async def _stream(self, response: HttpResponseBase, receive: Receive, send: Send) -> None:
        """Send until the end or until nobody listens any more."""
        tasks = [
            asyncio.create_task(self.send_response(response, send)),
            asyncio.create_task(self.listen_for_disconnect(receive)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            sent, _ = await asyncio.gather(*tasks, return_exceptions=True)
            await self._in_a_thread(response.close)
        if isinstance(sent, Exception):
            raise sent


def _forget_lost_connection() -> None:
    """Have this thread connect anew when PostgreSQL has gone since its last request.

    A server that ends, or ends a connection, closes it; nothing else is sent between requests. To
    look for that costs nothing, to ask the server costs a question with every request.
    """
    kept = connection.connection
    if kept is None or connection.in_atomic_block:
        return
    waiting = select.poll()
    waiting.register(kept.fileno(), select.POLLIN)
    if waiting.poll(0):
        connection.close()
