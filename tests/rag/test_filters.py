import json
import math
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from rag.exceptions import InvalidFilter
from rag.filters import Filters
from rag.models import Collection, Document

ATTRIBUTES: dict[str, dict[str, Any]] = {
    "minutes": {"year": 2024, "kind": "minutes", "final": True},
    "budget": {"year": 2025.5, "kind": "budget"},
    "letter": {"year": "2024", "kind": "it's a % letter"},
    "bare": {},
}


@pytest.fixture
def documents(collection: Collection, alice: User) -> dict[str, Document]:
    return {
        name: Document.objects.create(
            collection=collection, uploaded_by=alice, name=name, size=1, sha256=name, attributes=attributes
        )
        for name, attributes in ATTRIBUTES.items()
    }


NAMES = "SELECT name FROM rag_document document WHERE {condition}"


def found(filters: Filters) -> set[str]:
    condition, params = filters.condition()
    with connection.cursor() as cursor:
        cursor.execute(NAMES.format(condition=condition), params)
        return {name for (name,) in cursor.fetchall()}


def compare(type: str, key: str, value: object) -> dict[str, object]:
    return {"type": type, "key": key, "value": value}


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (compare("eq", "year", 2024), {"minutes"}),
        (compare("eq", "year", "2024"), {"letter"}),
        (compare("eq", "final", True), {"minutes"}),
        (compare("eq", "kind", "it's a % letter"), {"letter"}),
        (compare("ne", "kind", "budget"), {"minutes", "letter", "bare"}),
        (compare("gt", "year", 2024), {"budget"}),
        (compare("gte", "year", 2024), {"minutes", "budget"}),
        (compare("lt", "year", 2025), {"minutes"}),
        (compare("lte", "year", 2025.5), {"minutes", "budget"}),
        (compare("gte", "year", "2024"), {"letter"}),
        (compare("in", "kind", ["minutes", "budget"]), {"minutes", "budget"}),
        (compare("in", "kind", []), set()),
        (compare("nin", "kind", ["minutes", "budget"]), {"letter", "bare"}),
        ({"type": "and", "filters": [compare("gte", "year", 2024), compare("lt", "year", 2025)]}, {"minutes"}),
        ({"type": "or", "filters": [compare("eq", "year", "2024"), compare("gt", "year", 2025)]}, {"letter", "budget"}),
    ],
)
def test_attributes_narrow(documents: dict[str, Document], attributes: dict[str, Any], expected: set[str]) -> None:
    assert found(Filters(attributes=attributes)) == expected


def test_no_filter_narrows_nothing(documents: dict[str, Document]) -> None:
    assert found(Filters()) == set(ATTRIBUTES) and not Filters()


def test_named_documents_alone_are_left(documents: dict[str, Document]) -> None:
    assert found(Filters(documents=[documents["bare"].id])) == {"bare"}
    assert found(Filters(documents=[])) == set()


def test_the_day_of_the_upload_narrows(documents: dict[str, Document]) -> None:
    border: datetime = timezone.now() - timedelta(days=1)
    Document.objects.filter(name="budget").update(created_at=border)
    assert found(Filters(uploaded_after=border)) == set(ATTRIBUTES)
    assert found(Filters(uploaded_before=border)) == set()
    assert found(Filters(uploaded_before=border + timedelta(hours=1))) == {"budget"}


def nested(depth: int) -> dict[str, Any]:
    return {"type": "and", "filters": [nested(depth - 1)]} if depth else compare("eq", "a", 1)


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"type": "like", "key": "a", "value": 1},
        {"type": ["eq"], "key": "a", "value": 1},
        {"type": "and", "filters": []},
        {"type": "or", "filters": "year"},
        {"type": "and", "filters": [1]},
        {"type": "and", "filters": [compare("eq", "a", 1)] * 65},
        compare("eq", "", 1),
        compare("eq", 5, 1),  # type: ignore[arg-type]
        compare("eq", "k" * 65, 1),
        compare("eq", "a", None),
        compare("eq", "a", {"b": 1}),
        compare("eq", "a", math.nan),
        compare("eq", "a", 10**400),
        compare("eq", "a", "x" * 513),
        compare("eq", "a", "\x00"),
        compare("eq", "a\ud800", 1),
        compare("gt", "a", True),
        compare("in", "a", "abc"),
        compare("in", "a", [[1]]),
        nested(9),
    ],
)
def test_what_is_no_filter_is_refused(attributes: dict[str, Any]) -> None:
    with pytest.raises(InvalidFilter):
        Filters(attributes=attributes).condition()


TEXT = st.text(max_size=64)
SCALARS = TEXT | st.booleans() | st.integers() | st.floats()
COMPARISONS = st.fixed_dictionaries(
    {"type": st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"]), "key": TEXT}
    | {"value": SCALARS | st.lists(SCALARS, max_size=4)}
)
FILTERS = st.recursive(
    COMPARISONS,
    lambda inner: st.fixed_dictionaries(
        {"type": st.sampled_from(["and", "or"]), "filters": st.lists(inner, max_size=3)}
    ),
    max_leaves=6,
)


@given(FILTERS)
def test_nothing_of_a_filter_stands_in_the_statement(attributes: dict[str, Any]) -> None:
    try:
        condition, params = Filters(attributes=attributes).condition()
    except InvalidFilter:
        return
    words = {"document.attributes", "coalesce", "jsonb_typeof", "jsonb", "text", "ANY", "NOT", "AND", "OR", "true"}
    plain = condition.replace("%s", " ")
    for word in sorted(words | {"false"}, key=len, reverse=True):
        plain = plain.replace(word, " ")
    assert set(plain) <= set(" ()->=<:[],") and condition.count("%s") == len(params)
    assert json.dumps(params)


def test_what_passes_the_check_passes_the_database(documents: dict[str, Document]) -> None:
    @given(FILTERS)
    def check(attributes: dict[str, Any]) -> None:
        try:
            condition = Filters(attributes=attributes)
            condition.condition()
        except InvalidFilter:
            return
        assert found(condition) <= set(ATTRIBUTES)

    check()
