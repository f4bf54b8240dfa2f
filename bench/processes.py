"""How long a start takes and how much memory each process holds; Linux only, writes bench/results/processes.md.

Run it with `make bench` on a machine with nothing else to do.
"""

import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from config.running import processes
from config.running.ports import free_port

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "bench" / "results" / "processes.md"
NAMES = {  # the first that a command line contains
    "config.running.guardian": "guardian",
    "manage.py up": "supervisor",
    "uvicorn": "web",
    "-Q reading": "worker",
    "-Q celery": "beat",
    "-m inference": "inference",
    "postgres": "PostgreSQL",
    "redis-server": "Redis",
}


def measure_start(folder: Path) -> tuple[list[float], dict[str, tuple[int, float, float]]]:
    """Seconds until web and inference are ready, and per name (processes, PSS, RSS in MiB) once both are."""
    environment = {**os.environ, "DATA_DIR": str(folder), "PORT": str(free_port())}
    begin, seconds = time.monotonic(), []
    with subprocess.Popen(
        [sys.executable, "manage.py", "up"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as supervisor:
        for line in supervisor.stdout or []:
            if "Voliere is ready" in line or "embedded models are ready" in line:
                seconds.append(time.monotonic() - begin)
            if len(seconds) == 2:
                break
        time.sleep(5)  # until the worker and its children have settled
        memory = measure_memory(supervisor.pid)
        supervisor.send_signal(signal.SIGINT)
        supervisor.communicate()
    return seconds, memory


def measure_memory(pid: int) -> dict[str, tuple[int, float, float]]:
    found: dict[str, tuple[int, float, float]] = {}
    for process in processes.family([pid]):
        name = next((name for words, name in NAMES.items() if words in process.command), process.command[:40])
        count, pss, rss = found.get(name, (0, 0.0, 0.0))
        found[name] = (count + 1, pss + memory_of(process.pid, "Pss"), rss + memory_of(process.pid, "Rss"))
    return found


def memory_of(pid: int, field: str) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    return 0.0


def report(starts: list[tuple[list[float], dict[str, tuple[int, float, float]]]]) -> str:
    machine = f"{os.cpu_count()} processors, {platform.machine()}, Python {platform.python_version()}"
    lines = ["# Start and memory", "", f"{machine}, load {os.getloadavg()[0]:.1f} at the end.", ""]
    lines += ["| | web ready | models ready |", "| --- | ---: | ---: |"]
    for name, (seconds, _memory) in zip(("first start", "second start"), starts, strict=True):
        lines.append(f"| {name} | {seconds[0]:.1f} s | {seconds[1]:.1f} s |")
    lines += ["", "| process | count | PSS MiB | RSS MiB |", "| --- | ---: | ---: | ---: |"]
    rows = sorted(starts[-1][1].items(), key=lambda row: -row[1][1])
    lines += [f"| {name} | {count} | {pss:.0f} | {rss:.0f} |" for name, (count, pss, rss) in rows]
    lines.append(f"| all | {sum(row[0] for _, row in rows)} | {sum(row[1] for _, row in rows):.0f} | |")
    return "\n".join([*lines, ""])


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="voliere-bench-", ignore_cleanup_errors=True) as folder:
        text = report([measure_start(Path(folder)) for _ in range(2)])
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
