"""The event log is only appended to, and a torn line costs only itself."""

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
