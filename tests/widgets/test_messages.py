"""Requests and answers between a widget and its front end, with a recorded channel in place of the comm."""

from __future__ import annotations

import queue
import threading
from typing import Any

import pytest

from insar_widgets.errors import ProductError
from insar_widgets.widgets._messages import Answer, Request, Requests

WAIT = 10


class FakeComm:
    """The edge of the kernel: what was sent, and a way to deliver a message."""

    def __init__(self) -> None:
        self.sent: queue.Queue[tuple[dict[str, Any], list[bytes]]] = queue.Queue()
        self.threads: set[str] = set()

    def send(self, content, buffers=None) -> None:
        self.sent.put((content, list(buffers or [])))

    def on_msg(self, callback) -> None:
        self._callback = callback

    def deliver(self, content, buffers=()) -> None:
        self._callback(self, content, [memoryview(part) for part in buffers])

    def next(self) -> tuple[dict[str, Any], list[bytes]]:
        return self.sent.get(timeout=WAIT)


@pytest.fixture
def comm() -> FakeComm:
    return FakeComm()


def test_an_answer_carries_the_id_of_its_request_and_its_bytes(comm):
    Requests(comm, {"double": lambda r: Answer({"n": r.payload * 2}, [r.buffers[0] * 2])})
    comm.deliver({"id": "a", "kind": "double", "payload": 21}, [b"xy"])
    content, buffers = comm.next()
    assert content == {"id": "a", "ok": True, "payload": {"n": 42}}
    assert buffers == [b"xyxy"]


def test_the_delivering_thread_is_not_the_working_thread_and_never_waits(comm):
    release = threading.Event()
    worked_on: list[int] = []

    def slow(_request: Request) -> None:
        release.wait(WAIT)
        worked_on.append(threading.get_ident())

    Requests(comm, {"slow": slow})
    comm.deliver({"id": "a", "kind": "slow", "payload": None})  # returns although the handler cannot finish
    assert comm.sent.empty()
    release.set()
    assert comm.next()[0]["ok"] is True
    assert worked_on != [threading.get_ident()]


def test_errors_of_the_package_are_passed_on_as_they_are(comm):
    def fail(_request: Request) -> None:
        raise ProductError("a.tif is cut short. Download it again.")

    Requests(comm, {"fail": fail})
    comm.deliver({"id": "a", "kind": "fail"})
    assert comm.next()[0] == {
        "id": "a",
        "ok": False,
        "error": {"message": "a.tif is cut short. Download it again.", "remedy": ""},
    }


def test_unexpected_errors_become_a_sentence_with_a_remedy_and_are_logged(comm, caplog):
    Requests(comm, {"fail": lambda _r: 1 // 0})
    comm.deliver({"id": "a", "kind": "fail"})
    error = comm.next()[0]["error"]
    assert "ZeroDivisionError" in error["message"]
    assert error["remedy"]
    assert "ZeroDivisionError" in caplog.text


def test_an_unknown_kind_is_answered(comm):
    Requests(comm, {})
    comm.deliver({"id": "a", "kind": "nothing"})
    assert "different versions" in comm.next()[0]["error"]["message"]


def test_cancelling_reaches_the_handler(comm):
    started = threading.Event()

    def work(request: Request) -> None:
        started.set()
        assert request.cancelled.wait(WAIT)
        request.check()

    Requests(comm, {"work": work})
    comm.deliver({"id": "a", "kind": "work"})
    assert started.wait(WAIT)
    comm.deliver({"id": "a", "cancel": True})
    assert comm.next()[0]["error"]["cancelled"] is True


def test_progress_comes_before_the_answer(comm):
    def work(request: Request) -> str:
        request.progress({"done": 1, "total": 2})
        return "end"

    Requests(comm, {"work": work})
    comm.deliver({"id": "a", "kind": "work"})
    assert comm.next()[0] == {"id": "a", "progress": {"done": 1, "total": 2}}
    assert comm.next()[0]["payload"] == "end"


def test_many_threads_may_deliver_at_once(comm):
    Requests(comm, {"echo": lambda r: r.payload}, limit=3)
    threads = [
        threading.Thread(target=comm.deliver, args=({"id": f"r{n}", "kind": "echo", "payload": n},))
        for n in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers = [comm.next()[0] for _ in range(40)]
    assert {a["id"]: a["payload"] for a in answers} == {f"r{n}": n for n in range(40)}


@pytest.mark.parametrize(
    "stray", ["text", None, {}, {"id": 1, "kind": "echo"}, {"id": "x", "kind": "anywidget-command"}]
)
def test_messages_of_others_are_left_alone(comm, stray):
    Requests(comm, {"echo": lambda r: r.payload})
    comm.deliver(stray)
    comm.deliver({"id": "a", "kind": "echo", "payload": 1})
    assert comm.next()[0]["id"] == "a"
    assert comm.sent.empty()


def test_a_page_on_loopback_gets_messages_of_a_full_segment_and_others_what_there_is(comm):
    requests = Requests(
        comm, {"small": lambda _r: Answer(1, [b"xy"]), "large": lambda _r: Answer(1, [bytes(10**5)])}
    )
    comm.deliver({"id": "a", "kind": "small"})
    assert comm.next() == ({"id": "a", "ok": True, "payload": 1}, [b"xy"])
    requests.push({"push": "news"})
    assert comm.next() == ({"push": "news"}, [])
    comm.deliver({"id": "b", "kind": "small", "prompt": True})
    content, buffers = comm.next()
    assert content == {"id": "b", "ok": True, "payload": 1, "padding": True}
    assert buffers[0] == b"xy"
    assert len(buffers) == 2
    assert sum(map(len, buffers)) >= 2**16
    requests.push({"push": "news"}, [b"z"])
    content, buffers = comm.next()
    assert content == {"push": "news", "padding": True}
    assert buffers[0] == b"z"
    comm.deliver({"id": "c", "kind": "large", "prompt": True})
    assert comm.next() == ({"id": "c", "ok": True, "payload": 1}, [bytes(10**5)])
