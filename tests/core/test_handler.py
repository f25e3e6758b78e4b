"""One hop to a thread and back: whoever waits, sends slowly or leaves."""

from __future__ import annotations

import asyncio
import threading

import psycopg
from asgiref.testing import ApplicationCommunicator
from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse

from qperfweb.core.handler import ThreadHandler
from qperfweb.setup.cluster import ADMIN

SCOPE = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
BODY = {"type": "http.request", "body": b"", "more_body": False}


class Answering(ThreadHandler):
    """Answers with what ``make`` makes of the request, beyond all middleware."""

    def __init__(self, make, threads=1):
        super().__init__(threads)
        self.get_response = make


async def answer_to(handler, scope=SCOPE):
    line = ApplicationCommunicator(handler, scope)
    await line.send_input(BODY)
    start = await line.receive_output()
    parts = []
    while True:
        part = await line.receive_output()
        parts.append(part.get("body", b""))
        if not part.get("more_body"):
            await line.wait()
            return start["status"], b"".join(parts)


def test_requests_are_answered_by_threads_and_no_more_at_once_than_there_are():
    busy, most = [], []

    def make(request):
        busy.append(threading.current_thread().name)
        most.append(len(busy))
        threading.Event().wait(0.02)
        busy.pop()
        return HttpResponse(b"here")

    async def ask():
        handler = Answering(make, threads=2)
        return await asyncio.gather(*(answer_to(handler) for _ in range(6)))

    assert asyncio.run(ask()) == [(200, b"here")] * 6
    assert max(most) == 2


def test_a_thread_keeps_its_connection_and_connects_anew_when_the_server_closed_it(
    own_database, monkeypatch
):
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", None)  # as ./run serve has it
    asked = []

    def make(request):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            asked.append(cursor.fetchone()[0])
        if len(asked) == 3:
            connection.close()  # the database of this test is dropped after it
        return HttpResponse(b"here")

    async def ask(handler):
        assert await answer_to(handler) == (200, b"here")
        assert await answer_to(handler) == (200, b"here")
        with psycopg.connect(own_database.server.cluster.url(ADMIN, own_database.name)) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", [asked[-1]])
        assert await answer_to(handler) == (200, b"here")

    asyncio.run(ask(Answering(make)))
    assert asked[0] == asked[1] != asked[2]


def test_a_body_that_is_made_while_it_is_sent_arrives_whole():
    async def pieces():
        for number in range(3):
            yield b"%d" % number

    handler = Answering(lambda request: StreamingHttpResponse(pieces()))
    assert asyncio.run(answer_to(handler)) == (200, b"012")


def test_a_receiver_that_leaves_ends_what_is_made_for_it():
    made, closed = [], threading.Event()

    async def endless():
        while True:
            made.append(1)
            yield b"more"
            await asyncio.sleep(0)

    def make(request):
        response = StreamingHttpResponse(endless())
        response._resource_closers.append(closed.set)
        return response

    async def leave():
        line = ApplicationCommunicator(Answering(make), SCOPE)
        await line.send_input(BODY)
        assert (await line.receive_output())["status"] == 200
        assert (await line.receive_output())["body"] == b"more"
        await line.send_input({"type": "http.disconnect"})
        await line.wait()

    asyncio.run(leave())
    assert made
    assert closed.is_set()


def test_a_sender_that_leaves_before_the_end_of_its_request_asks_nothing():
    asked = []

    async def leave():
        line = ApplicationCommunicator(Answering(asked.append), SCOPE)
        await line.send_input({**BODY, "more_body": True})
        await line.send_input({"type": "http.disconnect"})
        await line.wait()

    asyncio.run(leave())
    assert asked == []


def test_an_address_that_is_not_text_is_refused():
    def never(request):
        raise AssertionError(request)

    scope = {**SCOPE, "query_string": b"\xff", "path": "/"}
    status, _ = asyncio.run(answer_to(Answering(never), scope))
    assert status == 400
