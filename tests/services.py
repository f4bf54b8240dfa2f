"""A plugin loaded before everything else: a PostgreSQL and a Redis of this test run's own, named in the environment.

The settings are read when pytest-django loads, hence at import and not in a fixture. DATABASE_URL and REDIS_URL
given from outside are used instead. Of several processes that test at once each has its own; with a Redis from outside
it has to be one process, because each test empties it.
"""

import atexit
import contextlib
import os
import tempfile
from pathlib import Path

from config.running import sharing
from config.running.variables import SERVICES, service_url

OF_A_RUN = "VOLIERE_TEST_SERVICES"  # those that the process which started this one, if it tests, has for itself
for name in os.environ.pop(OF_A_RUN, "").split():
    del os.environ[name]
os.environ[OF_A_RUN] = " ".join(name for name in SERVICES if not service_url(name))

_stack = contextlib.ExitStack()
atexit.register(_stack.close)

folder = Path(_stack.enter_context(tempfile.TemporaryDirectory(prefix="voliere-test-", ignore_cleanup_errors=True)))
(folder / "static").mkdir()
folder.chmod(0o755)  # as root PostgreSQL runs as nobody, who has to reach its files
os.environ["DATA_DIR"] = str(folder)
os.environ["SECRET_KEY"] = "only for tests, " * 4
os.environ["PUBLIC_URL"] = "http://testserver"
os.environ["ALLOWED_HOSTS"] = "testserver,localhost,127.0.0.1"
os.environ.update(_stack.enter_context(sharing.running(folder)))
