"""Running a program as `nobody` where we are root: PostgreSQL refuses root, and Redis needs none of its rights."""

import os
import stat
import subprocess
from pathlib import Path
from typing import Any

from config.running.exceptions import StartError

NOBODY = 65534


def as_nobody(program: Path, folder: Path) -> tuple[list[str], dict[str, Any]]:
    """What to put before the command line, and the options for `subprocess`, to run `program` on `folder`.

    Nobody's permissions are changed on the way: where `nobody` may not enter a parent folder, the program gets the
    one capability that lets it pass.
    """
    if os.geteuid() != 0:
        return [], {}
    if _open_to_all(program.resolve()) and _open_to_all(folder.resolve() / "any"):
        return [], {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    # the secure bit keeps the capability for access(2) too, by which PostgreSQL looks for its own files
    prefix += ["--securebits=+no_setuid_fixup", "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--"]
    try:
        subprocess.run([*prefix, "test", "-x", program], check=True, capture_output=True, cwd="/")
    except (OSError, subprocess.CalledProcessError) as error:
        raise StartError(
            f"As root, {program.name} runs as the user nobody, who may not enter {folder} or {program.parent}: "
            "use another DATA_DIR, or start Voliere as an ordinary user."
        ) from error
    return prefix, {}


def _open_to_all(path: Path) -> bool:
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.parents if parent.exists())
