import argparse
import contextlib
import os
from pathlib import Path

from bench.gateway import measure, subjects
from bench.gateway.report import Results, report
from config.running import sharing

RESULT = subjects.ROOT / "bench" / "results" / "gateway.md"


def prepare(upstream: str) -> str:
    """Migrate and fill the throw-away database; return the caller's secret."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from bench.gateway import rows

    return rows.create(f"{upstream}/v1")


def measured(folder: Path, extent: measure.Extent, is_long: bool) -> Results:
    with contextlib.ExitStack() as stack:
        os.environ.update(stack.enter_context(sharing.running(folder)))
        upstream = stack.enter_context(subjects.mock_upstream())
        secret = prepare(upstream)
        bare = stack.enter_context(subjects.passthrough(upstream))
        ours = stack.enter_context(subjects.voliere(secret, folder))
        both = [bare, ours]
        measure.warm_up(both)
        results = Results(
            calls=measure.calls(both, extent),
            streams=measure.streams(both, extent),
            bursts=measure.bursts(both, extent),
            hang_ups=measure.hang_ups(both, upstream),
            many=measure.many_streams(both),
            long_run=measure.long_run(both) if is_long else {},
        )
        from bench.gateway import rows

        results.complaints = rows.complaints(ours.calls)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.gateway")
    parser.add_argument("--quick", action="store_true", help="about a minute and a half, rougher; writes no file")
    parser.add_argument("--long", action="store_true", help="memory over 100,000 calls as well")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with subjects.passing_folder() as folder:
        text = report(measured(folder, measure.QUICK if options.quick else measure.FULL, options.long), load)
    if not options.quick:
        RESULT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
