"""The helper for the host of the models: what it writes down of what its GPUs tell."""

import importlib.util
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parents[2] / "docker" / "nvidia_meter.py"
SMI = 'echo "GPU-1, NVIDIA L4, 72.5, 50"\necho "GPU-2, NVIDIA L4, [N/A], [N/A]"\n'


@pytest.fixture(scope="module")
def helper() -> Any:
    spec = importlib.util.spec_from_file_location("nvidia_meter", FILE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def clock(helper: Any, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(helper.time, "monotonic", lambda: now[0])
    return now


class Gpus:
    def __init__(self, *readings: Any) -> None:
        self.readings = list(readings)

    def read(self) -> list[Any]:
        return self.readings


def test_a_gpus_own_counter_is_handed_on(helper: Any) -> None:
    text = helper.Meter(Gpus(helper.Reading("GPU-1", 'NVIDIA "L4"', 72.5, 0.5, 0.0))).text()
    assert 'voliere_gpu_energy_joules_total{gpu="GPU-1",name="NVIDIA L4",by="counter"} 0.000\n' in text
    assert 'voliere_gpu_power_watts{gpu="GPU-1",name="NVIDIA L4"} 72.500\n' in text
    assert 'voliere_gpu_busy_ratio{gpu="GPU-1",name="NVIDIA L4"} 0.500\n' in text


def test_without_a_counter_power_is_added_up_and_what_nobody_saw_is_not(helper: Any, clock: list[float]) -> None:
    gpus = Gpus(helper.Reading("GPU-1", "L4", 100.0, None, None))
    meter = helper.Meter(gpus)
    meter.look()
    clock[0] += 2
    gpus.readings = [helper.Reading("GPU-1", "L4", 200.0, None, None)]
    meter.look()  # (100 + 200) / 2 W for 2 s
    clock[0] += 60
    assert 'voliere_gpu_energy_joules_total{gpu="GPU-1",name="L4",by="power"} 300.000\n' in meter.text()


def test_a_gpu_that_tells_nothing_is_missing_and_not_zero(helper: Any) -> None:
    assert "GPU-2" not in helper.Meter(Gpus(helper.Reading("GPU-2", "L4", None, None, None))).text()
    assert helper.Meter(Gpus()).text() == ""


@pytest.mark.parametrize("text", ["[N/A]", "", "nan", "inf", "-5", "1e999"])
def test_what_is_no_number_is_none(helper: Any, text: str) -> None:
    assert helper.number(text) is None


def test_it_is_served(helper: Any) -> None:
    gpus = Gpus(helper.Reading("GPU-1", "L4", 72.5, 0.5, 12.0))
    with helper.server(helper.Meter(gpus), "127.0.0.1", 0) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        at = f"http://127.0.0.1:{served.server_address[1]}"
        with urllib.request.urlopen(f"{at}/metrics") as answer:
            assert "} 12.000" in answer.read().decode()
            assert answer.headers["content-type"].startswith("text/plain")
        gpus.readings = []
        for path, status in (("/metrics", 503), ("/etc/passwd", 404)):
            with pytest.raises(urllib.error.HTTPError) as error:
                urllib.request.urlopen(at + path)
            assert error.value.code == status
        served.shutdown()


@pytest.fixture
def smi(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "nvidia-smi"
    file.write_text(f"#!/bin/sh\n{SMI}")
    file.chmod(0o755)
    yield tmp_path


def test_nvidia_smi_stands_in_for_the_library(smi: Path) -> None:
    line = [sys.executable, str(FILE), "--once"]
    ended = subprocess.run(line, env={"PATH": f"{smi}:/usr/bin:/bin"}, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 0, ended.stderr
    (figure,) = [line for line in ended.stdout.splitlines() if line.startswith("voliere_gpu_energy_joules_total")]
    assert 'gpu="GPU-1"' in figure
    assert 72 < float(figure.split()[-1]) < 80  # 72.5 W for a second


def test_without_a_gpu_it_says_so(tmp_path: Path) -> None:
    line = [sys.executable, str(FILE), "--once"]
    ended = subprocess.run(line, env={"PATH": str(tmp_path)}, capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stdout) == (1, "no GPU could be read\n")
