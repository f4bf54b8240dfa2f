"""Measures and draws docs/img/fairness.svg: `pytest tests/gateway/draw_fairness.py`."""

import concurrent.futures
from pathlib import Path

from django.conf import settings

from gateway.models import Deployment
from tests.fake_upstream import FakeUpstream
from tests.gateway.test_fairness import ANSWER, ASKED, GREEDY, ask, secret_of

STYLE = "text{font:13px sans-serif;fill:#777}.greedy{fill:#999}.people{fill:#d9730d}"


def test_draw(parrot: Deployment, fake_upstream: FakeUpstream, base_url: str) -> None:
    Deployment.objects.update(slots=2)
    one = secret_of("one")  # whose calls are served as they came
    came = measured(fake_upstream, base_url, [one] * 4)
    fair = measured(fake_upstream, base_url, [secret_of(name) for name in ("greedy", "alice", "bob", "charlie")])
    panels = panel(came, 0, "First come, first served") + panel(fair, 340, "The gateway's line")
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 230"><style>{STYLE}</style>{panels}</svg>\n'
    Path(settings.BASE_DIR, "docs/img/fairness.svg").write_text(svg)


def measured(fake_upstream: FakeUpstream, base_url: str, keys: list[str]) -> tuple[list[float], list[float]]:
    for _ in range(GREEDY + 3 * ASKED):
        fake_upstream.reply("piep", delay=ANSWER)
    greedy, *people = keys
    begun = len(fake_upstream.calls)
    with concurrent.futures.ThreadPoolExecutor(GREEDY + 3) as pool:
        queued = [pool.submit(ask, base_url, greedy, {}) for _ in range(GREEDY)]
        fake_upstream.wait_for(lambda server: len(server.calls) >= begun + 2)
        asking = [pool.submit(lambda key: [ask(base_url, key, {}) for _ in range(ASKED)], key) for key in people]
        return sorted(call.result() for call in queued), sorted(w for waits in asking for w in waits.result())


def panel(waits: tuple[list[float], list[float]], left: int, title: str) -> str:
    greedy, people = waits
    bars = [("greedy", wait) for wait in greedy] + [("people", wait) for wait in people]
    drawn = "".join(
        f'<rect class="{kind}" x="{left + 10 + n * 7}" y="{190 - wait * 50:.0f}" width="5" height="{wait * 50:.0f}"/>'
        for n, (kind, wait) in enumerate(bars)
    )
    legend = f"greedy: up to {max(greedy):.1f} s · people: up to {max(people):.1f} s"
    return f'{drawn}<text x="{left + 10}" y="20">{title}</text><text x="{left + 10}" y="212">{legend}</text>'
