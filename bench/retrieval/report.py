"""The figures as Markdown."""

import statistics
from dataclasses import dataclass, field
from pathlib import Path

from bench.gateway.report import machine
from bench.retrieval.collections import Corpus
from bench.retrieval.measure import Outcome, mean

RESULT = Path(__file__).resolve().parent.parent / "results" / "retrieval.md"
ALIAS = {"xquad-en": "XQuAD English", "xquad-de": "XQuAD German", "xquad-de-long": "XQuAD German, whole articles"}
RANKED, SPANNED = ("xquad-en", "xquad-de"), ("xquad-de-long",)
FLOORS = {"xquad-en": (0.975,), "xquad-de": (0.945,), "xquad-de-long": (0.955, 0.975)}

ABOUT = """\
all-MiniLM-L6-v2 from the built-in server, no reranker, PostgreSQL with pgvector, defaults throughout, all through
`retrieve`. {questions} questions each; 240 paragraphs, or 48 articles. *Developed on* and *held back* are two halves
of the questions, by a hash of their ids: what was chosen by the first had to hold for the second."""
HALVES = """\
Questions of one half of the articles, asked of that half and of the other. *Refused* of the other: nothing there
answers them. *Lost* of their own: something did."""
LONG = """\
The answer word for word in what is handed over. A thousand tokens are counted as four characters each."""
WITHOUT = """\
nDCG@10, or for whole articles the answer in the first three passages, without one of the parts."""
MARKED = """\
*Answer marked*: of the first passages out of the right document, how many mark a part of about 250 characters that
holds the answer word for word."""


@dataclass
class Measured:
    corpus: Corpus
    seconds: float  # to read it
    outcome: Outcome
    lost: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    without: dict[str, Outcome] = field(default_factory=dict)


def written(measured: list[Measured], load: float) -> str:
    ranked = [one for one in measured if one.corpus.name in RANKED]
    spanned = [one for one in measured if one.corpus.name in SPANNED]
    parts = [
        "# How well passages are found",
        "    make bench retrieval",
        f"{machine(load)}\n{ABOUT.format(questions=len(measured[0].corpus.questions))}",
        table("nDCG@10", ["floor", "all", "developed on", "held back", "answer marked", "p50"], map(_ranking, ranked)),
        MARKED,
        "## Whole articles",
        LONG,
        table("", ["floor", "all", "developed on", "held back"], [row for one in spanned for row in _spans(one)]),
        "## Nothing found",
        HALVES,
        table("", ["refused", "lost"], map(_refusals, measured)),
        "## What each part adds",
        WITHOUT,
        *(table(ALIAS[one.corpus.name], ["all", "developed on", "held back"], _without(one)) for one in measured),
    ]
    return "\n\n".join(parts) + "\n"


def below_floor(one: Measured) -> bool:
    values = [one.outcome.gains] if one.corpus.name in RANKED else [one.outcome.in_first[3], one.outcome.in_budget]
    return any(statistics.fmean(value) < floor for value, floor in zip(values, FLOORS[one.corpus.name], strict=True))


def table(title: str, names: list[str], rows: "list[list[str]] | map[list[str]]") -> str:
    lines = [[title, *names], ["---", *["---:"] * len(names)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _three(values: list[float], corpus: Corpus) -> list[str]:
    halves = (lambda one: True), (lambda one: not one.is_held_back), (lambda one: one.is_held_back)
    return [f"{mean(values, corpus, half):.3f}" for half in halves]


def _ranking(one: Measured) -> list[str]:
    name, outcome = one.corpus.name, one.outcome
    median = f"{statistics.median(outcome.seconds) * 1000:.0f} ms"
    marked = f"{statistics.fmean(outcome.marks):.3f}"
    return [ALIAS[name], f"{FLOORS[name][0]}", *_three(outcome.gains, one.corpus), marked, median]


def _spans(one: Measured) -> list[list[str]]:
    outcome, floors = one.outcome, FLOORS[one.corpus.name]
    return [
        ["in the first passage", "", *_three(outcome.in_first[1], one.corpus)],
        ["in the first three", f"{floors[0]}", *_three(outcome.in_first[3], one.corpus)],
        ["within 1,000 tokens", f"{floors[1]}", *_three(outcome.in_budget, one.corpus)],
    ]


def _refusals(one: Measured) -> list[str]:
    return [ALIAS[one.corpus.name], f"{statistics.fmean(one.refused):.1%}", f"{statistics.fmean(one.lost):.2%}"]


def _without(one: Measured) -> list[list[str]]:
    def values(outcome: Outcome) -> list[float]:
        return outcome.gains if one.corpus.name in RANKED else outcome.in_first[3]

    rows = {"all of it": one.outcome, **one.without}
    return [[name, *_three(values(outcome), one.corpus)] for name, outcome in rows.items()]
