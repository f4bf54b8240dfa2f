"""How well passages are found: public collections, through the product's own chunks, gateway and statement.

    python -m bench.retrieval [FOLDER] [--every N]        (or VOLIERE_BENCH_DATA; ../shared/data without either)

`--every N` asks every Nth question alone. Writes bench/results/retrieval.md. Services, embedding server and database
are this run's own and gone afterwards. Ends with 1 below a floor.
"""

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.retrieval import report
from bench.retrieval.ablation import WITH_POSTGRESQLS_ENDINGS, WITHOUT_COMPOUNDS, replaced, weighing
from bench.retrieval.collections import Corpus, corpus_of
from bench.retrieval.measure import Outcome, asked, refused
from bench.retrieval.services import prepared, services

if TYPE_CHECKING:  # Django is set up later, when the services run
    from gateway.callers import Caller

NAMES = ("xquad-en", "xquad-de", "xquad-de-long")


def main(folder: Path, every: int) -> int:
    present = [name for name in NAMES if (folder / name / "corpus.jsonl").exists()]
    if not present:
        print(f"No collections in {folder}: nothing was measured. They are named there as {', '.join(NAMES)}.")
        return 0
    load = os.getloadavg()[0]
    with services() as inference_url:
        caller = prepared(inference_url)
        measured = [one(caller, folder / name, every) for name in present]
    report.RESULT.write_text(report.written(measured, load))
    print(report.RESULT.read_text())
    return 1 if any(report.below_floor(result) for result in measured) else 0


def one(caller: "Caller", folder: Path, every: int) -> report.Measured:
    began = time.perf_counter()
    corpus = asyncio.run(corpus_of(caller, folder))
    corpus.questions = corpus.questions[::every]
    seconds = time.perf_counter() - began
    print(f"{folder.name} is read.", flush=True)
    result = report.Measured(corpus, seconds, asyncio.run(asked(caller, corpus)))
    result.lost, result.refused = asyncio.run(refused(caller, corpus))
    print(f"{folder.name} is measured.", flush=True)
    result.without = without_parts(caller, corpus)
    return result


def without_parts(caller: "Caller", corpus: Corpus) -> dict[str, Outcome]:
    outcomes = {}
    for name, share in (("words alone", 0.0), ("meaning alone", 1.0)):
        with weighing(share):
            outcomes[name] = asyncio.run(asked(caller, corpus))
    if corpus.name != "xquad-en":
        parts = {"compounds whole": WITHOUT_COMPOUNDS, "endings as PostgreSQL leaves them": WITH_POSTGRESQLS_ENDINGS}
        for name, part in parts.items():
            with replaced(*part):
                outcomes[name] = asyncio.run(asked(caller, corpus))
    return outcomes


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How well passages are found.")
    default = os.environ.get("VOLIERE_BENCH_DATA") or "../shared/data"
    parser.add_argument("folder", nargs="?", type=Path, default=Path(default))
    parser.add_argument("--every", type=int, default=1, metavar="N", help="ask every Nth question alone")
    options = parser.parse_args()
    sys.exit(main(options.folder, options.every))
