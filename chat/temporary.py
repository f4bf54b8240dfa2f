"""Conversations that nobody keeps: the page holds what was said and sends it along with each question.

The server writes none of it down. It answers in the response itself, as lines of JSON:

    status   text, confidential   what is being done; and whether the page has to say with all that follows that
                              something of it stays in the house
    text     closed, tail, more, rest   of the HTML, as in `events`
    ended    html, text, sources, note, left_out, receipt   the whole answer: rendered, as written by the model, where
                              it came from, what of the person was given with it, what did not fit, its receipt in HTML
    failed   message          a sentence for the reader; `html` and `text` hold what there was
What was consumed is counted as ever; the ledger holds no content.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from accounts.models import User
from chat import assistants, disclosure, fitting
from chat.asking import QUESTION_LIMIT
from chat.characters import kept
from chat.citations import link_to_passage
from chat.context import is_offered_in_house, refuse_ended, role_of, wishes_of
from chat.exceptions import (
    AssistantModelGone,
    BrokenHistory,
    ChatError,
    EmptyAnswer,
    EmptyQuestion,
    NoModel,
    OnlyInHouse,
    QuestionTooLong,
)
from chat.markers import Links
from chat.models import Assistant
from chat.personal import Personal
from chat.prompts import ChatMessage, build_messages
from chat.reasoning import Splitter
from chat.rendering import StreamingRenderer, cited, render
from gateway import completions, receipts
from gateway.callers import Caller
from gateway.database import in_database
from gateway.exceptions import GatewayError
from gateway.hours import waking
from gateway.models import Deployment, Purpose
from rag.exceptions import RagError
from rag.models import Collection, CollectionQuerySet
from rag.retrieval import Passage, retrieve

PUBLISH_EVERY = 0.08  # seconds
MOST_MESSAGES = 400
HISTORY_LIMIT = 1_000_000  # characters
Event = dict[str, Any]


@dataclass(frozen=True)
class Question:
    user: User
    history: list[ChatMessage]  # ends with the question
    deployment: Deployment
    collections: CollectionQuerySet
    searched: bool
    is_confidential: bool  # something of it, now or before
    assistant: Assistant | None = None

    @property
    def caller(self) -> Caller:
        return Caller(self.user, keeps_in_house=self.is_confidential)

    @property
    def personal(self) -> Personal:
        """Own instructions hold here as well; what is remembered is for conversations that are kept."""
        return Personal.of(self.user, with_memory=False)


def history_of(text: str) -> list[ChatMessage]:
    """What the page says was said so far; raises `BrokenHistory`."""
    try:
        said = json.loads(text or "[]")
    except (ValueError, RecursionError):
        raise BrokenHistory from None
    if not isinstance(said, list) or len(said) > MOST_MESSAGES:
        raise BrokenHistory
    return [_message(each) for each in said]


def _message(value: Any) -> ChatMessage:
    match value:
        case {"role": "user" | "assistant" as role, "content": str(content)}:
            return {"role": role, "content": kept(content)}
    raise BrokenHistory


def question(
    user: User, history: str, text: str, model: str, collections: CollectionQuerySet, *, was_confidential: bool
) -> Question:
    """Raises a `ChatError` when it cannot be asked."""
    text = kept(text).strip()
    if not text:
        raise EmptyQuestion
    if len(text) > QUESTION_LIMIT or len(history) > HISTORY_LIMIT:
        raise QuestionTooLong
    said = [*history_of(history), {"role": "user", "content": text}]
    assistant = assistants.named(user, model)
    deployment = _deployment(user, model, assistant)
    refuse_ended(collections)
    if assistant:
        both = Q(id__in=collections.values("id")) | Q(id__in=assistant.collections_for(user).values("id"))
        collections = Collection.objects.visible_to(user).filter(both)
    is_confidential = was_confidential or collections.confidential().exists()
    if is_confidential and not is_offered_in_house(deployment):
        raise OnlyInHouse(deployment.name)
    return Question(user, said, deployment, collections, collections.exists(), is_confidential, assistant)


def _deployment(user: User, model: str, assistant: Assistant | None) -> Deployment:
    offered = Deployment.objects.offered_to(user, Deployment.Kind.CHAT)
    name = assistant.model if assistant else model
    found: Deployment | None = offered.filter(name=name).first() if name else offered.first()
    if found is None:
        raise AssistantModelGone(assistant.name, name) if assistant and name else NoModel
    return found


async def answer(asked: Question) -> AsyncGenerator[bytes, None]:
    """The lines of the response. Closing it stops the model."""
    async with contextlib.aclosing(_events(asked)) as events:
        async for event in events:
            yield json.dumps(event).encode() + b"\n"


async def _events(asked: Question) -> AsyncGenerator[Event, None]:
    text, found, links, notes = "", list[Passage](), None, receipts.begin()
    try:
        async for expected in waking.expected(asked.caller, asked.deployment.name):
            yield {"type": "status", "text": str(expected)}
        if asked.searched:
            yield {"type": "status", "text": _("Searching documents…")}
            found = list(await retrieve(asked.caller, asked.history[-1]["content"], asked.collections))
        messages, passages, left_out = _fitted(asked, found)
        if asked.searched:
            links = links_to(passages)
        yield {"type": "status", "text": _("Thinking…"), "confidential": asked.is_confidential}
        renderer, last, pending = StreamingRenderer(links), 0.0, ""
        async for delta in _deltas(asked, messages):
            text, pending = text + delta, pending + delta
            if not asked.user.whole_answers and time.monotonic() - last >= PUBLISH_EVERY:
                update = await asyncio.to_thread(renderer.feed, pending)
                yield {"type": "text", **update._asdict()}
                last, pending = time.monotonic(), ""
        if not text.strip():
            raise EmptyAnswer
    except (GatewayError, ChatError, RagError) as error:
        yield {"type": "failed", "message": str(error), "html": render(text, links), "text": text}
        return
    ended = {"type": "ended", "html": render(text, links), "text": text, "sources": _sources(text, links)}
    note = _("Written with your own instructions.") if asked.personal.parts else ""
    cut = fitting.in_words(left_out) if left_out else ""
    yield {**ended, "note": note, "left_out": cut, "receipt": await in_database(_receipt, notes, passages, text)}


def _receipt(notes: list[receipts.Note], passages: Sequence[Passage], text: str) -> str:
    used = cited(text, links_to(passages))
    links = [(number, *link) for number, link in links_to(passages).items()]
    disclosed = disclosure.of_notes(
        receipts.settled(notes),
        [each for each in links if each[0] in used],
        [each for each in links if each[0] not in used],
    )
    return render_to_string("chat/_receipt.html", {"receipt": disclosed})


def _fitted(
    asked: Question, found: Sequence[Passage]
) -> tuple[list[ChatMessage], list[Passage], fitting.LeftOut | None]:
    """What the model is sent, the passages in it, and how much is not."""
    context = asked.deployment.context_length
    passages = fitting.those_that_fit(found, asked.history[-1]["content"], context)
    messages = build_messages(
        asked.history,
        passages,
        searched=asked.searched,
        context=context,
        personal=asked.personal,
        role=role_of(asked.assistant),
    )
    return messages, passages, fitting.left_out(asked.history, messages, found, passages)


async def _deltas(asked: Question, messages: list[ChatMessage]) -> AsyncIterator[str]:
    body = {"model": asked.deployment.name, "messages": messages, "stream": True, **wishes_of(asked.assistant)}
    stream = completions.stream(asked.caller, body, purpose=Purpose.CHAT)
    splitter = Splitter()
    async with contextlib.aclosing(stream):
        async for chunk in stream:
            for choice in chunk.get("choices") or ():
                if text := splitter.split(choice.get("delta") or {}).text:
                    yield text
    yield splitter.end().text


def links_to(passages: Sequence[Passage]) -> Links:
    """Straight to the documents: no answer is kept that could lead there."""
    return {number: link_to_passage(passage) for number, passage in enumerate(passages, start=1)}


def _sources(text: str, links: Links | None) -> list[dict[str, object]]:
    used = sorted(cited(text, links or {}))
    return [{"number": number, "address": links[number][0], "title": links[number][1]} for number in used if links]
