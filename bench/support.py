"""How often sentences that their source does not bear out are marked, and how often others are: with the real MiniLM.

    python -m bench.support

Our own sentences (`support.json`), German and English. The thresholds in `chat/evidence.py` were chosen on the part
`tune`; `test` was looked at afterwards only. Ends with 1 below a floor.
"""

import asyncio
import collections
import json
import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FLOORS = {"precision": 0.9, "recall": 0.9}  # on the part that was held back
BORNE_OUT = {"verbatim", "paraphrase"}


@dataclass
class Marked:
    kind: str
    text: str
    doubt: str

    @property
    def is_right(self) -> bool:
        return bool(self.doubt) != (self.kind in BORNE_OUT)


def main() -> int:
    os.environ.setdefault("DATABASE_URL", "postgres://unused@127.0.0.1:1/unused")
    os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:1/0")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    logging.getLogger("chat.checking").setLevel(logging.ERROR)  # it tells each time that meaning was left out
    from inference.embedding import EmbeddingModel

    model = EmbeddingModel()

    async def with_meaning(texts: list[str]) -> list[list[float]]:
        return [vector.tolist() for vector in model.embed(texts)]

    async def without(texts: list[str]) -> list[list[float]]:
        raise TimeoutError

    print("| part | by | precision | recall | sentences |\n| --- | --- | --- | --- | --- |")
    figures = {}
    for part in ("tune", "test"):
        for name, embedded in (("words and meaning", with_meaning), ("words alone", without)):
            marked = list(judged(part, embedded))
            figures[part, name] = told(part, name, marked)
    print("\nWrong on the part held back:")
    for one in judged("test", with_meaning):
        if not one.is_right:
            print(f"- {one.kind}, {one.doubt or 'not marked'}: {one.text}")
    return int(any(figures["test", "words and meaning"][name] < floor for name, floor in FLOORS.items()))


def judged(part: str, embedded: object) -> Iterator[Marked]:
    from chat.checking import to_check, verdict
    from chat.models import Citation

    for row in json.loads(Path(__file__).with_name("support.json").read_text()):
        if row["part"] != part:
            continue
        source = Citation(number=1, document_name="Source.txt", text=row["source"])
        for kind, text in row["claims"]:
            support = asyncio.run(verdict(to_check(f"{text} [1]", [source]), embedded))  # type: ignore[arg-type]
            yield Marked(kind, text, next(iter(support["doubts"].values()), ""))


def told(part: str, name: str, marked: list[Marked]) -> dict[str, float]:
    counts = collections.Counter((one.kind in BORNE_OUT, bool(one.doubt)) for one in marked)
    precision = counts[False, True] / (counts[False, True] + counts[True, True])
    recall = counts[False, True] / (counts[False, True] + counts[False, False])
    print(f"| {part} | {name} | {precision:.3f} | {recall:.3f} | {len(marked)} |")
    return {"precision": precision, "recall": recall}


if __name__ == "__main__":
    sys.exit(main())
