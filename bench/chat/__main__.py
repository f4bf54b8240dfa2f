import argparse
import contextlib
import os
import sys
from pathlib import Path

from bench.gateway import subjects
from bench.gateway.report import machine
from config.running import sharing
from config.running.ports import free_port, listens

RESULT = subjects.ROOT / "bench" / "results" / "chat.md"
HEAD = ["| | | aim |", "| --- | ---: | ---: |"]


@contextlib.contextmanager
def upstream():
    port = free_port()
    arguments = [sys.executable, "-m", "bench.chat.upstream", str(port)]
    with subjects.running(arguments, subjects.AROUND, dict(os.environ)):
        subjects.wait(lambda: listens("127.0.0.1", port))
        yield f"http://127.0.0.1:{port}/v1"


def measured(folder: Path, is_quick: bool) -> list[tuple[str, str, str]]:
    with contextlib.ExitStack() as stack:
        os.environ.update(stack.enter_context(sharing.running(folder)))
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        call_command("collectstatic", verbosity=0, interactive=False)
        from bench.chat import measure, rows
        from bench.chat.browsers import Site

        user, cookie = rows.create(stack.enter_context(upstream()), measure.MODELS)
        web = stack.enter_context(subjects.voliere("", folder))
        site = Site(web.url.removesuffix("/v1"), cookie)
        found = measure.streams(site, web, user, 10 if is_quick else 50)
        found += measure.idle_sockets(site, web, user, 100 if is_quick else 1_000)
        found += measure.pages(site, web, user)
        return found + measure.rendering()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.chat")
    parser.add_argument("--quick", action="store_true", help="about half a minute, rougher; writes no file")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with subjects.passing_folder() as folder:
        lines = [f"| {' | '.join(row)} |" for row in measured(folder, options.quick)]
    text = "\n".join(["# The chat", "", machine(load), "How it is measured: bench/chat.", "", *HEAD, *lines, ""])
    if not options.quick:
        RESULT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
