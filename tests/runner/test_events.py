"""The event log is only appended to, and a torn line costs only itself."""

import time

from insar_widgets.runner.events import EventLog


def test_events_come_back_in_order_with_their_numbers(tmp_path):
    log = EventLog(tmp_path / "deep" / "events.jsonl")
    for number in range(5):
        log.append("progress", "run", fraction=number / 4)
    assert [e["fraction"] for e in log.read()] == [0, 0.25, 0.5, 0.75, 1]
    assert [e["fraction"] for e in log.read(since=3)] == [0.75, 1]


def test_a_torn_last_line_is_passed_over_and_the_next_event_is_whole(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    log.append("run-start", "a")
    with log.path.open("ab") as file:
        file.write(b'{"v": 1, "event": "step-st')
    assert [e["event"] for e in log.read()] == ["run-start"]
    log.append("run-end", "a")
    assert [e["event"] for e in log.read()] == ["run-start", "run-end"]


def test_no_log_is_no_events(tmp_path):
    assert EventLog(tmp_path / "none.jsonl").read() == []


def test_text_beyond_ascii_and_line_ends_survive(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    log.append("warning", "a", message="größer\nals 3σ")
    assert log.read()[0]["message"] == "größer\nals 3σ"


def test_kinds_and_order_backwards_are_those_of_the_whole_log(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    for number in range(3000):
        kind = {0: "step-start", 1: "step-end"}.get(number % 700, "progress")
        log.append(kind, "a", number=number, message='an "event": "step-end" in a text')
    whole = log.read()
    assert [e["number"] for e in whole] == [e["seq"] for e in whole] == list(range(3000))
    ends = [e for e in whole if e["event"] in ("step-start", "step-end")]
    assert log.read(kinds=("step-start", "step-end")) == ends
    assert log.read(1401, kinds=("step-start", "step-end")) == [e for e in ends if e["seq"] >= 1401]
    assert [e["number"] for e in log.backwards()] == list(range(2999, -1, -1))
    assert [e["number"] for e in log.backwards(("step-end",))] == [2801, 2101, 1401, 701, 1]


def test_a_log_that_was_removed_and_begun_again_is_read_anew(tmp_path):
    """The new file may get the old one's inode, and more lines than a reader remembers."""
    log = EventLog(tmp_path / "events.jsonl")
    log.append("run-start", "a")
    assert [e["run"] for e in log.read(kinds=("run-start",))] == ["a"]
    log.path.unlink()
    for run in "bcd":
        log.append("run-start", run)
    assert [e["run"] for e in log.read(kinds=("run-start",))] == ["b", "c", "d"]


def test_a_long_log_that_was_replaced_is_read_anew(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    for number in range(2000):
        log.append("progress", "a", number=number)
    assert len(log.read(1999)) == 1
    log.path.unlink()
    log.append("run-start", "b")
    assert log.read(1999) == [] and [e["run"] for e in log.read()] == ["b"]


def test_following_a_long_log_does_not_read_it_again(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    log.append("run-start", "a")
    with log.path.open("a") as file:
        file.writelines(
            f'{{"v": 1, "time": {i}, "run": "a", "event": "progress", "fraction": 0.5}}\n'
            for i in range(10**5)
        )

    def seconds(read):
        began = time.perf_counter()
        read()
        return time.perf_counter() - began

    whole = seconds(log.read)
    assert min(seconds(lambda: log.read(10**5)) for _ in range(5)) < whole / 50
    assert min(seconds(lambda: log.read(kinds=("run-start",))) for _ in range(5)) < whole / 5
    assert min(seconds(lambda: next(log.backwards())) for _ in range(5)) < whole / 50
