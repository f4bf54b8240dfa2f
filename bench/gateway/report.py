"""The figures as one Markdown table, with what was aimed at."""

import os
import platform
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.gateway.measure import HANG_UP_OF, Figures, Rounds, median
from bench.gateway.subjects import ROOT

HEAD = ["| | pass-through | Voliere | compared | at most | aim |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
NAMES = ("pass-through", "Voliere")


@dataclass
class Results:
    calls: Rounds
    streams: Rounds
    bursts: Rounds
    hang_ups: dict[str, Figures]
    many: dict[str, Figures]
    long_run: dict[str, Figures] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)  # about the counters


def machine(load: float) -> str:
    info = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in info if line.startswith("model name")), "unknown")
    git = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    commit = subprocess.run(git, capture_output=True, text=True).stdout.strip()
    parts = [time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), f"{model}, {os.cpu_count()} processors"]
    parts += [f"Python {platform.python_version()}", f"load {load:.1f} at the start"]
    return "; ".join([*parts, f"commit {commit}"] if commit else parts) + "."


def report(results: Results, load: float) -> str:
    rows = [*_calls(results.calls), *_streams(results.streams), *_bursts(results.bursts), *_many(results.many)]
    rows += [*_long_run(results.long_run), *_hang_ups(results.hang_ups)]
    counters = "; ".join(results.complaints) or "exact: used equals the ledger's sum, nothing is reserved, no row lacks"
    lines = ["# The gateway against a bare pass-through", "", machine(load), "How it is measured: bench/gateway.", ""]
    return "\n".join([*lines, *HEAD, *rows, "", f"Counters afterwards: {counters}.", ""])


def row(name: str, values: list[str], compared: str = "", most: str = "", aim: str = "") -> str:
    return f"| {name} | {' | '.join(values)} | {compared} | {most} | {aim} |"


def _both(rounds: Rounds, name: str) -> tuple[float, float]:
    return median(rounds[NAMES[0]], name), median(rounds[NAMES[1]], name)


def _compared(rounds: Rounds, name: str, label: str, limits: tuple[str, str] = ("", "")) -> str:
    bare, ours = _both(rounds, name)
    return row(label, [f"{bare:.3g}", f"{ours:.3g}"], f"{ours / bare:.{0 if ours > bare * 10 else 2}f}×", *limits)


def _failed(rounds: Rounds, label: str) -> str:
    return row(label, [f"{sum(one['failed'] for one in rounds[name]):.0f}" for name in NAMES], most="0")


def _calls(rounds: Rounds) -> list[str]:
    return [
        _compared(rounds, "cpu", "CPU s per 1,000 calls, 16 at once", ("6×", "3×")),
        row("the same, of PostgreSQL", ["", f"{_both(rounds, 'database')[1]:.2f}"]),
        row("calls a second", [f"{rate:.0f}" for rate in _both(rounds, "rate")]),
        _compared(rounds, "whole p50", "ms a call, p50"),
        _failed(rounds, "failed calls"),
    ]


def _streams(rounds: Rounds) -> list[str]:
    return [
        _compared(rounds, "cpu", "CPU ms per paced stream of 100 deltas, 64 at once", ("1.6×", "1.2×")),
        row("the same, of PostgreSQL", ["", f"{_both(rounds, 'database')[1]:.2f}"]),
        *_first(rounds, "ms to the first delta", most="+10 ms"),
        _failed(rounds, "failed streams"),
    ]


def _bursts(rounds: Rounds) -> list[str]:
    label = "64 streams beginning at the same moment: "
    cpu = _compared(rounds, "cpu", f"{label}CPU ms per stream", ("1.6×", "1.2×"))
    return [cpu, *_first(rounds, f"{label}ms to the first delta"), _failed(rounds, f"{label}failed")]


def _first(rounds: Rounds, label: str, most: str = "") -> list[str]:
    lines = []
    for part, limit in ((50, ""), (95, most)):
        bare, ours = _both(rounds, f"first p{part}")
        lines.append(row(f"{label}, p{part}", [f"{bare:.1f}", f"{ours:.1f}"], f"{ours - bare:+.1f} ms", limit))
    return lines


def _many(many: dict[str, Figures]) -> list[str]:
    failed = [f"{many[name]['failed']:.0f}" for name in NAMES]
    memory = [" → ".join(f"{many[name][when]:.0f}" for when in ("before", "during", "after")) for name in NAMES]
    return [
        row("500 streams at once: failed", failed, most="0"),
        row("500 streams at once: MiB before → during → after", memory),
    ]


def _long_run(runs: dict[str, Figures]) -> list[str]:
    if not runs:
        return []
    values = [f"{runs[name]['early']:.0f} → {runs[name]['late']:.0f}" for name in NAMES]
    growth = runs[NAMES[1]]["late"] / runs[NAMES[1]]["early"]
    return [row("MiB after 10,000 → 100,000 calls", values, f"{growth:.2f}× of itself", "1.10×")]


def _hang_ups(found: dict[str, Figures]) -> list[str]:
    seconds = [f"{found[name]['seconds']:.2f}" for name in NAMES]
    deltas = [f"{found[name]['deltas']:.0f}" for name in NAMES]
    return [
        row("client hangs up: s until the upstream is left, worst of 16", seconds, most="2 s"),
        row(f"client hangs up: further deltas (of {HANG_UP_OF}), worst of 16", deltas, most="2"),
    ]
