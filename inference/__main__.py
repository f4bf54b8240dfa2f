import logging
import os
import sys

import uvicorn

from inference.app import create_app
from inference.settings import Settings


def main() -> int:
    logging.basicConfig(
        level=(os.environ.get("VOLIERE_LOG_LEVEL") or "WARNING").upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    settings = Settings.from_environment()
    has_failed = False

    def stop() -> None:
        nonlocal has_failed
        has_failed = server.should_exit = True

    config = uvicorn.Config(
        create_app(settings, on_failure=stop),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    server.run()
    return 1 if has_failed or not server.started else 0


if __name__ == "__main__":
    sys.exit(main())
