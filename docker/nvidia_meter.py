#!/usr/bin/env python3
"""What the NVIDIA GPUs of this host consume, for Voliere or any Prometheus: one file, nothing to install.

    python3 nvidia_meter.py --listen 10.0.0.5:9835    serves /metrics there
    python3 nvidia_meter.py --once                    prints the same once

It asks NVIDIA's library (NVML), which comes with the driver, for each GPU's own energy counter. Where a GPU has none
(before Volta), or the library cannot be loaded, it adds up the power that NVML or `nvidia-smi` tells once a second. A
GPU that cannot be read is left out: a missing figure is never a zero. Serve it to your own network only.
"""

import argparse
import contextlib
import ctypes
import http.server
import math
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

EVERY = 1.0  # seconds between two readings of the power
LONGEST = 10.0  # seconds that two readings may lie apart and still be added up
NOT_READY = "no GPU could be read\n"
QUERY = ["nvidia-smi", "--query-gpu=uuid,name,power.draw,utilization.gpu", "--format=csv,noheader,nounits"]


@dataclass
class Reading:
    """Of one GPU; None is what it does not tell."""

    uuid: str
    name: str
    watts: "float | None"
    busy: "float | None"  # share of the last moments
    joules: "float | None"  # since its driver was loaded, by its own counter


class Nvml:
    """Through the driver's library itself."""

    def __init__(self) -> None:
        self.library = ctypes.CDLL("libnvidia-ml.so.1")
        if status := self.library.nvmlInit_v2():
            raise OSError(f"NVML does not start: {status}")

    def read(self) -> "list[Reading]":
        count = ctypes.c_uint()
        if self.library.nvmlDeviceGetCount_v2(ctypes.byref(count)):
            return []
        found = [self._of(index) for index in range(count.value)]
        return [reading for reading in found if reading]

    def _of(self, index: int) -> "Reading | None":
        gpu = ctypes.c_void_p()
        if self.library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(gpu)):
            return None
        milliwatts = self._asked(gpu, "nvmlDeviceGetPowerUsage", ctypes.c_uint())
        millijoules = self._asked(gpu, "nvmlDeviceGetTotalEnergyConsumption", ctypes.c_ulonglong())
        rates = self._asked(gpu, "nvmlDeviceGetUtilizationRates", (ctypes.c_uint * 2)())
        return Reading(
            uuid=self._text(gpu, "nvmlDeviceGetUUID") or f"index-{index}",
            name=self._text(gpu, "nvmlDeviceGetName"),
            watts=None if milliwatts is None else milliwatts.value / 1000,
            busy=None if rates is None else rates[0] / 100,
            joules=None if millijoules is None else millijoules.value / 1000,
        )

    def _asked(self, gpu: ctypes.c_void_p, function: str, answer):  # type: ignore[no-untyped-def]
        asked = getattr(self.library, function, None)  # an old driver may not have it
        return answer if asked and asked(gpu, ctypes.byref(answer)) == 0 else None

    def _text(self, gpu: ctypes.c_void_p, function: str) -> str:
        text = ctypes.create_string_buffer(96)
        status = getattr(self.library, function)(gpu, text, ctypes.c_uint(len(text)))
        return "" if status else text.value.decode(errors="replace")


class NvidiaSmi:
    """Through what `nvidia-smi` prints, which knows no counter."""

    def read(self) -> "list[Reading]":
        try:
            printed = subprocess.run(QUERY, capture_output=True, text=True, timeout=LONGEST, check=True).stdout
        except (OSError, subprocess.SubprocessError):
            return []
        rows = [[field.strip() for field in line.split(",")] for line in printed.splitlines()]
        return [Reading(row[0], row[1], number(row[2]), share(row[3]), None) for row in rows if len(row) == 4]


def number(text: str) -> "float | None":
    """`[N/A]` and the like are none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def share(text: str) -> "float | None":
    percent = number(text)
    return None if percent is None else percent / 100


def source() -> "Nvml | NvidiaSmi":
    try:
        return Nvml()
    except (OSError, AttributeError):
        return NvidiaSmi()


class Meter:
    """Adds up the power of GPUs without a counter, and writes down what is known."""

    def __init__(self, reads) -> None:  # type: ignore[no-untyped-def]
        self.reads = reads
        self.added: dict[str, float] = {}  # joules
        self.last: dict[str, tuple[float, float]] = {}  # when, by the monotonic clock, and watts
        self.lock = threading.Lock()

    def look(self) -> "list[Reading]":
        with self.lock:
            found: list[Reading] = self.reads.read()
            now = time.monotonic()
            for gpu in found:
                if gpu.joules is None and gpu.watts is not None:
                    self._add(gpu.uuid, now, gpu.watts)
                elif gpu.joules is not None:
                    self.added.pop(gpu.uuid, None)  # one of the two, never both
            return found

    def _add(self, uuid: str, now: float, watts: float) -> None:
        before, watts_before = self.last.get(uuid, (now, watts))
        if now - before <= LONGEST:
            self.added[uuid] = self.added.get(uuid, 0.0) + (now - before) * (watts + watts_before) / 2
        self.last[uuid] = (now, watts)

    def watch(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                self.look()
            time.sleep(EVERY)

    def text(self) -> str:
        """In the exposition format of Prometheus; empty when nothing could be read."""
        found = self.look()
        lines = [
            "# HELP voliere_gpu_energy_joules_total Energy consumed, by its own counter or by power added up.",
            "# TYPE voliere_gpu_energy_joules_total counter",
            *(line("energy_joules_total", gpu, gpu.joules, ',by="counter"') for gpu in found),
            *(line("energy_joules_total", gpu, self.added.get(gpu.uuid), ',by="power"') for gpu in found),
            "# HELP voliere_gpu_power_watts Power drawn now.",
            "# TYPE voliere_gpu_power_watts gauge",
            *(line("power_watts", gpu, gpu.watts) for gpu in found),
            "# HELP voliere_gpu_busy_ratio Share of the last moments in which it worked.",
            "# TYPE voliere_gpu_busy_ratio gauge",
            *(line("busy_ratio", gpu, gpu.busy) for gpu in found),
        ]
        return "\n".join(filter(None, lines)) + "\n" if found else ""


def line(name: str, gpu: Reading, value: "float | None", more: str = "") -> str:
    plain = gpu.name.replace("\\", "").replace('"', "").replace("\n", " ")
    return "" if value is None else f'voliere_gpu_{name}{{gpu="{gpu.uuid}",name="{plain}"{more}}} {value:.3f}'


def server(meter: Meter, host: str, port: int) -> http.server.ThreadingHTTPServer:
    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = 10  # seconds for a request

        def do_GET(self) -> None:
            text = meter.text() if self.path == "/metrics" else ""
            self.send_response(200 if text else 503 if self.path == "/metrics" else 404)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.end_headers()
            self.wfile.write((text or NOT_READY).encode())

        def log_message(self, *about: object) -> None:
            """A look each few seconds is not news."""

    return http.server.ThreadingHTTPServer((host, port), Handler)


def main() -> int:
    parser = argparse.ArgumentParser(description="Serves what the NVIDIA GPUs of this host consume.")
    parser.add_argument("--listen", default="127.0.0.1:9835", metavar="HOST:PORT", help="default: %(default)s")
    parser.add_argument("--once", action="store_true", help="print the figures and end")
    asked = parser.parse_args()
    meter = Meter(source())
    if asked.once:
        meter.look()
        time.sleep(EVERY)
        text = meter.text()
        sys.stdout.write(text or NOT_READY)
        return 0 if text else 1
    host, _, port = asked.listen.rpartition(":")
    threading.Thread(target=meter.watch, daemon=True).start()
    server(meter, host.strip("[]"), int(port)).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
