"""Full-text search over one's own conversations: in what was asked and answered, and in the titles.

Each word is looked for as written, also as the beginning of a longer one (so that hits come while typing), and by its
German and English stem. Among the newest messages that hold all words, rank and age decide together.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import and_
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import SearchHeadline, SearchQuery, SearchRank, SearchVector
from django.db.models import Case, QuerySet, TextField, When
from django.db.models.functions import Left
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from accounts.acting import acting_for
from accounts.models import User
from chat.models import LANGUAGES, SEARCHED, Conversation, Message, words_of

LONGEST = 200  # characters of a search
MOST_WORDS = 12
CANDIDATES = 300  # the newest messages that fit are ranked
HITS = 20
TITLES = 5
HALF_LIFE = 90  # days after which a hit counts half
BEGIN, END = "\x02", "\x03"  # around a hit, until what surrounds it is escaped
CUT: dict[str, Any] = {
    "start_sel": BEGIN,
    "stop_sel": END,
    "min_words": 12,
    "max_words": 32,
    "max_fragments": 2,
    "short_word": 0,
    "fragment_delimiter": " … ",
}
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
MARKUP = re.compile(r"\*+|`+|~~|^#+ |\|-[-|: ]*\||(?<!\w)_+|_+(?!\w)")  # Markdown that only shapes


@dataclass(frozen=True)
class Hit:
    title: str
    address: str
    snippet: SafeString  # HTML: escaped, with <mark>
    when: datetime
    conversation: UUID
    message: UUID
    role: str


@dataclass(frozen=True)
class Results:
    titles: list[Conversation]
    hits: list[Hit]
    more: bool = False

    @property
    def found(self) -> bool:
        return bool(self.titles or self.hits)


def words_in(text: str) -> list[str]:
    return re.findall(r"\w+", text.replace("\x00", "")[:LONGEST])[:MOST_WORDS]


def search(user: User, text: str, start: int = 0) -> Results:
    """Three queries, however long the history is."""
    words = words_in(text)
    if not words:
        return Results([], [])
    query = _query(words)
    ranked = _ranked(user, query)  # before the wall: behind it PostgreSQL would not look into the index of words
    chosen = ranked[start : start + HITS]
    with acting_for(user):
        titles = [] if start else list(_titles(user, query))
        return Results(titles, _hits(chosen, query), more=len(ranked) > start + HITS)


def _query(words: list[str]) -> SearchQuery:
    return reduce(and_, map(_any_form, words))


def _any_form(word: str) -> SearchQuery:
    beginning = SearchQuery(f"{word}:*", config="simple", search_type="raw")  # \w alone: nothing is syntax in it
    return beginning | SearchQuery(word, config="german") | SearchQuery(word, config="english")


def _titles(user: User, query: SearchQuery) -> QuerySet[Conversation]:
    named = Conversation.objects.visible_to(user).begun().annotate(words=words_of("title"))
    return named.filter(words=query)[:TITLES]


def _ranked(user: User, query: SearchQuery) -> list[UUID]:
    ended = Message.objects.visible_to(user).exclude(status__in=["waiting", "streaming"])  # as the index says it
    fitting = ended.annotate(words=words_of("text")).filter(words=query)
    newest = fitting.annotate(rank=SearchRank("words", query)).order_by("-created_at")
    now = timezone.now()

    def weight(row: tuple[UUID, datetime, float]) -> float:
        age = max((now - row[1]).days, 0)
        return float(row[2] * 0.5 ** min(age / HALF_LIFE, 20))

    rows = list(newest.values_list("id", "created_at", "rank")[:CANDIDATES])
    return [row[0] for row in sorted(rows, key=weight, reverse=True)]


def _hits(chosen: list[UUID], query: SearchQuery) -> list[Hit]:
    """Cut by the language in which a message was found: its stems are recognised there alone."""
    shown = Left("text", SEARCHED)
    vectors = {f"in_{language}": SearchVector(shown, config=language) for language in LANGUAGES}
    cuts = {f"in_{name}": SearchHeadline(shown, query, config=name, **CUT) for name in LANGUAGES}
    fitting = [When(**{alias: query}, then=cut) for alias, cut in cuts.items()]
    headline = Case(*fitting, default=cuts["in_simple"], output_field=TextField())
    messages = Message.objects.select_related("conversation").alias(**vectors).annotate(headline=headline)
    found = messages.defer("text").in_bulk(chosen)
    return [_hit(found[message]) for message in chosen if message in found]


def _hit(message: Message) -> Hit:
    address = message.get_absolute_url()
    snippet = marked(message.headline)  # type: ignore[attr-defined]  # annotated
    ids = {"conversation": message.conversation_id, "message": message.id}
    return Hit(str(message.conversation), address, snippet, message.created_at, role=message.role, **ids)


def _kept(control: re.Match[str]) -> str:
    return control[0] if control[0] in (BEGIN, END) else " "


def marked(headline: str) -> SafeString:
    text = escape(MARKUP.sub("", CONTROL.sub(_kept, headline)))
    return mark_safe(text.replace(BEGIN, "<mark>").replace(END, "</mark>"))  # noqa: S308  (escaped above)
