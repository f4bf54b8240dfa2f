"""What Prometheus and those who speak like it tell, as plain figures. What is no finite number is left out."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

LINE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})?[ \t]+(\S+)(?:[ \t]+-?\d+)?[ \t]*")
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')


class Figure(NamedTuple):
    name: str
    labels: dict[str, str]
    value: float


def of_page(raw: bytes) -> Iterator[Figure]:
    """Each figure of a page in the text format."""
    for line in raw.decode(errors="replace").splitlines():
        found = None if line.startswith("#") else LINE.fullmatch(line)
        if found and (value := _number(found[3])) is not None:
            yield Figure(found[1], dict(LABEL.findall(found[2] or "")), value)


def of_query(raw: bytes) -> Iterator[Figure]:
    """Each figure of an answer of the query API; raises ValueError where it is none."""
    answer = json.loads(raw)
    data = answer.get("data") if isinstance(answer, dict) and answer.get("status") == "success" else None
    rows = data.get("result") if isinstance(data, dict) and data.get("resultType") == "vector" else None
    if not isinstance(rows, list):
        raise ValueError("no vector")
    for row in rows:
        labels = row.get("metric") if isinstance(row, dict) else None
        if isinstance(labels, dict) and (value := _second(row.get("value"))) is not None:
            yield Figure("", {str(name): str(label) for name, label in labels.items()}, value)


def _second(pair: Any) -> float | None:
    return _number(pair[1]) if isinstance(pair, list) and len(pair) == 2 else None


def _number(text: Any) -> float | None:
    try:
        value = float(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None
