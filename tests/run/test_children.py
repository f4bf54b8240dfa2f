"""Programs that are kept running."""

import subprocess
import time
from pathlib import Path

import pytest

from config.running.children import Child
from config.running.guardian import Guardian
from config.running.programs import Address
from config.running.supervisor import Supervisor


def test_what_was_ended_is_forgotten_before_the_guardian_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten: list[int] = []

    def forget(_: Guardian, pid: int) -> None:
        time.sleep(0.3)  # a busy machine
        forgotten.append(pid)

    monkeypatch.setattr(Guardian, "forget", forget)
    with (tmp_path / "claim").open("w") as claim, Guardian(claim) as guardian:
        supervisor = Supervisor(tmp_path, Address("127.0.0.1", 0), guardian)
        child = Child("web", lambda: subprocess.Popen(["sleep", "60"], start_new_session=True), guardian)
        supervisor._children["web"] = child
        supervisor._retire("web")
        assert forgotten == [child.process.pid]
