"""The measurements: each asks the subjects in turn and returns figures by the subject's name."""

import json
import statistics
import subprocess
import time
from dataclasses import dataclass
from typing import Any
from urllib.request import urlopen

from bench.gateway.load import Order, command
from bench.gateway.mock_upstream import INSTANT, PACED, SLOW
from bench.gateway.subjects import ROOT, Subject, postgres_cpu

HANG_UPS, HANG_UP_AT, HANG_UP_OF = 16, 5, 400  # streams, delta, deltas
PATIENCE = 12.0  # seconds: by then a stream that nobody ended has ended by itself
REST, RESTING = 0.5, 0.01  # who uses less than that share of a processor for half a second has nothing left to do

STREAMS: dict[str, Any] = {"model": PACED, "concurrency": 64, "stream": True, "max_tokens": 100}
STREAM_TAKES = 2.1  # seconds: 100 ms to the first delta, then 20 ms each

Figures = dict[str, float]
Rounds = dict[str, list[Figures]]


@dataclass(frozen=True)
class Extent:
    rounds: int
    calls: int
    streams: int
    seconds: float  # no further call of a round begins after that


FULL = Extent(rounds=7, calls=10_000, streams=192, seconds=6)
QUICK = Extent(rounds=2, calls=4_000, streams=128, seconds=2)


def ask(subject: Subject, **wishes: Any) -> dict[str, Any]:
    """Run the load to its end."""
    return finish(subject, begin(subject, **wishes))


def begin(subject: Subject, **wishes: Any) -> subprocess.Popen[str]:
    order = Order(url=subject.url, secret=subject.secret, **wishes)
    return subprocess.Popen(command(order), cwd=ROOT, stdout=subprocess.PIPE, text=True)


def finish(subject: Subject, load: subprocess.Popen[str]) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(load.communicate()[0])
    subject.calls += result["count"]
    if result.get("failed"):
        print(f"{subject.name}: {result['failed']} of {result['count']} failed: {result['complaints']}")
    rest(subject)
    return result


def rest(subject: Subject) -> None:
    """What is settled after the answer has been given is a part of the call all the same."""
    deadline, used = time.monotonic() + PATIENCE, float("inf")
    while used > REST * RESTING and time.monotonic() < deadline:
        before = subject.cpu()
        time.sleep(REST)
        used = subject.cpu() - before


def warm_up(subjects: list[Subject]) -> None:
    for subject in subjects:
        ask(subject, model=INSTANT, count=200, concurrency=16, seconds=5)
        ask(subject, model=INSTANT, count=64, concurrency=64, seconds=5, stream=True)


def calls(subjects: list[Subject], extent: Extent) -> Rounds:
    """CPU seconds a thousand calls, 16 at once."""
    return in_turn(subjects, extent, 1000, model=INSTANT, count=extent.calls, concurrency=16, seconds=extent.seconds)


def streams(subjects: list[Subject], extent: Extent) -> Rounds:
    """CPU milliseconds a stream of a hundred deltas, 64 at once, and when the first delta came: people come one after
    another, so the first 64 do over the time that a stream takes."""
    return in_turn(subjects, extent, 1000, count=extent.streams, arriving=STREAM_TAKES, **STREAMS)


def bursts(subjects: list[Subject], extent: Extent) -> Rounds:
    """The same where all 64 come at the same moment."""
    return in_turn(subjects, extent, 1000, count=64, **STREAMS)


def in_turn(subjects: list[Subject], extent: Extent, scale: float, **wishes: Any) -> Rounds:
    rounds: Rounds = {subject.name: [] for subject in subjects}
    for number in range(extent.rounds):
        for subject in subjects if number % 2 == 0 else reversed(subjects):
            cpu, database = subject.cpu(), postgres_cpu()
            result = ask(subject, **wishes)
            count = max(1, result["count"]) / scale
            figures = {"cpu": (subject.cpu() - cpu) / count, "database": (postgres_cpu() - database) / count}
            figures |= {"failed": result["failed"], "rate": result["count"] / result["seconds"]}
            for name in ("first", "whole"):
                figures |= {f"{name} {part}": value for part, value in result[name].items()}
            rounds[subject.name].append(figures)
    return rounds


def many_streams(subjects: list[Subject], count: int = 500) -> dict[str, Figures]:
    """That many streams at once in one process: do all arrive, and what memory do they take?"""
    found = {}
    for subject in subjects:
        before, most = subject.memory(), 0.0
        wishes = {"model": SLOW, "count": count, "concurrency": count, "stream": True, "max_tokens": 100}
        load = begin(subject, **wishes)
        while load.poll() is None:
            most = max(most, subject.memory())
            time.sleep(0.25)
        result = finish(subject, load)
        found[subject.name] = {"failed": result["failed"], "seconds": result["seconds"]}
        found[subject.name] |= {"before": before, "during": most, "after": subject.memory()}
    return found


def long_run(subjects: list[Subject]) -> dict[str, Figures]:
    """Resident memory after 10,000 and after 100,000 calls."""
    found = {}
    for subject in subjects:
        ask(subject, model=INSTANT, count=10_000, concurrency=16)
        early = subject.memory()
        ask(subject, model=INSTANT, count=90_000, concurrency=16)
        found[subject.name] = {"early": early, "late": subject.memory()}
    return found


def hang_ups(subjects: list[Subject], upstream: str) -> dict[str, Figures]:
    """Clients leave at the fifth delta: how long does the upstream go on, and how much more does it generate?"""
    found = {}
    for subject in subjects:
        stats(upstream)
        wishes = {"model": PACED, "count": HANG_UPS, "concurrency": HANG_UPS, "stream": True, "max_tokens": HANG_UP_OF}
        left = ask(subject, hang_up_at=HANG_UP_AT, **wishes)["hung_up"]
        time.sleep(PATIENCE)
        accounts = [account for account in stats(upstream) if account["tag"] in left]
        after = [(account["closed_at"] or float("inf")) - left[account["tag"]] for account in accounts]
        further: list[float] = [account["deltas"] - HANG_UP_AT for account in accounts]
        if len(accounts) < HANG_UPS:  # some never reached the upstream
            after, further = [float("nan")], [float("nan")]
        found[subject.name] = {"seconds": max(after), "deltas": max(further)}
    return found


def stats(upstream: str) -> list[dict[str, Any]]:
    with urlopen(f"{upstream}/stats") as response:
        found: list[dict[str, Any]] = json.load(response)
    return found


def median(rounds: list[Figures], name: str) -> float:
    return statistics.median(figures[name] for figures in rounds)
