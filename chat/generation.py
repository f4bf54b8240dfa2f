"""Writing an answer: a task of the server, not of a socket or a request.

    question stored → search → prompt → stream → comparison with the sources → terminal state

The text is published as numbered events (see `events`): the first words at once, more in steps that grow with what a
step costs and with how busy the process is. It is saved at most once a second. Whatever ends the task — the end, a
stop, a failure, a shutdown — leaves the message in a terminal state with all the text there was; what a kill leaves,
`sweep` ends.
"""

import asyncio
import contextlib
import contextvars
import logging
import time
from collections.abc import AsyncIterator

from django.conf import settings
from django.db import OperationalError
from django.utils import translation
from django.utils.translation import gettext as _

from chat import citations, continuing, endless, events, fitting, receipts, titles
from chat.checking import Support, check
from chat.context import Context, load, wishes_of
from chat.exceptions import ChatError, EmptyAnswer
from chat.keeping import Failure, end, ended_event, patiently, save
from chat.models import Citation, Message
from chat.reasoning import Said, Splitter
from chat.rendering import StreamingRenderer, Update
from chat.rewriting import standalone
from gateway import completions
from gateway.database import in_database
from gateway.exceptions import GatewayError
from gateway.hours import waking
from gateway.leases import Place
from gateway.models import Purpose
from gateway.receipts import Note, begin
from rag.exceptions import RagError
from rag.retrieval import Passage, retrieve

logger = logging.getLogger(__name__)

SHORTEST_STEP = 0.02  # seconds between two events of an answer: the eye sees a flow
LONGEST_WAIT = 1.0  # seconds longer when the process is busy
COST_SHARE = 10  # a step takes that many times as long as rendering it did
SMALL = 4_000  # characters that are rendered where they came: a thread costs more
SAVE_EVERY = 1.0  # seconds
SAVE_LONG_EVERY = 5.0  # seconds: a long answer is written as a whole each time
LONG = 50_000  # characters
CHECK_EVERY = 2_000  # characters
TELL_AGAIN = 10.0  # seconds, to who waits for a server that sleeps


_tasks: set[asyncio.Task[None]] = set()


def start(answer: Message) -> None:
    """Begin to write in this process. The fresh context keeps the task apart from the request that asked."""
    writer = Writer(answer, translation.get_language() or settings.LANGUAGE_CODE)
    task = asyncio.get_running_loop().create_task(_answer(writer), context=contextvars.Context())
    _tasks.add(task)
    task.add_done_callback(_finished)


async def _answer(writer: "Writer") -> None:
    await writer.run()
    answered = len(writer.notes)
    await titles.give(writer.answer)
    if titled := writer.notes[answered:]:
        receipts.name_title(titled)
        await in_database(receipts.keep, writer.answer.id, writer.notes)


def _finished(task: asyncio.Task[None]) -> None:
    _tasks.discard(task)
    if not task.cancelled() and (error := task.exception()):
        logger.error("An answer lost its writer", exc_info=error)


class Writer:
    def __init__(self, answer: Message, language: str) -> None:
        self.answer = answer
        self.language = language  # of the one who asked
        self.thoughts, self.text = answer.reasoning, answer.text  # of one that goes on there is something already
        self.shown = Said(self.thoughts, self.text)  # what of them was published
        self.checked = 0
        self.number = 0
        self.saved = (Said(), 0)
        self.saved_at = 0.0
        self.thinking_since = 0.0
        self.thinking_seconds = answer.thinking_seconds
        self.stopping = self.is_over = False
        self.last_told = ""
        self.came = asyncio.Event()
        self.publishing = asyncio.Lock()  # a number that was taken is published, whatever ends meanwhile
        self.beside: list[asyncio.Task[None]] = []  # showing and keeping
        self.renderer = StreamingRenderer(None, answer.scope)
        self.sources: list[Citation] = []
        self.is_written = False
        self.support: Support | None = None
        self.left_out: fitting.LeftOut | None = None
        self.finish = ""
        self.notes: list[Note] = []  # of the calls made for it
        self.noted = 0  # how many of them are kept

    async def run(self) -> None:
        self.notes = begin()
        with translation.override(self.language):
            self.beside = [asyncio.create_task(self._show()), asyncio.create_task(self._keep(asyncio.current_task()))]
            for task in self.beside:
                task.add_done_callback(_finished)
            await self._end(*await self._write())

    async def _write(self) -> tuple[Message.Status, Failure | None]:
        try:
            context = await in_database(load, self.answer)
            await self._until_awake(context)
            found = await (self._kept_sources() if self.answer.text else self._search(context))
            async for said in self._said(context, found):
                self._take(said)
            if not self.text.strip():
                raise EmptyAnswer
            self.is_written = True
            if context.searched:
                self.support = await check(context.caller, self.text, self.sources)
        except asyncio.CancelledError:
            status = Message.Status.DONE if self.is_written else Message.Status.INTERRUPTED
            if self.stopping:
                return status if self.is_written else Message.Status.STOPPED, None
            await self._end(status, None)  # the server is going down: this is the last chance
            raise
        except (GatewayError, ChatError, RagError) as error:
            return Message.Status.FAILED, error
        except Exception:  # nobody awaits this task: whatever is wrong, the answer must end and the fault be logged
            logger.exception("An answer failed")
            return Message.Status.FAILED, ChatError()
        return Message.Status.DONE, None

    async def _until_awake(self, context: Context) -> None:
        """A model may sleep until the morning: the question waits, and whoever comes to look meanwhile is told."""
        told_at = 0.0
        async for expected in waking.expected(context.caller, context.deployment.name):
            text = str(expected)
            if expected.seconds is None:
                text += " " + _("Your question waits and is answered then.")
            if text != self.last_told or time.monotonic() - told_at >= TELL_AGAIN:
                told_at = time.monotonic()
                await self._tell(text)

    async def _search(self, context: Context) -> list[Passage]:
        if not context.searched:
            await self._tell(_("Thinking…"))
            return []
        await self._tell(_("Searching documents…"))
        caller = context.caller
        rewritten = await standalone(caller, context.deployment, context.history)
        if rewritten.is_by_model:
            await self._tell(_("Searching for “%(question)s”…") % {"question": rewritten.text})
        found = await retrieve(
            caller, context.question, context.collections, rephrased=rewritten.text, anyway=context.has_attachments
        )
        sent = fitting.those_that_fit(found, context.question, context.deployment.context_length)
        self._use(await in_database(citations.store, self.answer, sent))
        await self._tell(_("Reading the passages found…"))
        return found

    async def _kept_sources(self) -> list[Passage]:
        """Of an answer that goes on; where it goes on from is shown once more, as the renderer has it."""
        self._use(await in_database(list, self.answer.citations.all()))
        self.notes[:0] = await in_database(receipts.of, self.answer.id)
        update = await asyncio.to_thread(self.renderer.feed, self.text)
        thinking = {"thought": self.thoughts, "seconds": self.thinking_seconds}
        await self._publish({"type": "snapshot", **thinking, **update._asdict()})
        return continuing.passages_of(self.sources)

    def _use(self, sources: list[Citation]) -> None:
        self.sources = sources
        self.renderer = StreamingRenderer(citations.links(self.answer, sources), self.answer.scope)

    def _take(self, said: Said) -> None:
        if said.thought and not self.text:
            self.thinking_since = self.thinking_since or time.monotonic()
        elif said.text and self.thinking_since and self.thinking_seconds is None:
            self.thinking_seconds = round(time.monotonic() - self.thinking_since)
        self.thoughts += said.thought
        self.text += said.text
        self.came.set()
        length = len(self.thoughts) + len(self.text)
        if length - self.checked >= CHECK_EVERY:
            self.checked = length
            endless.check(self.text or self.thoughts)

    async def _said(self, context: Context, found: list[Passage]) -> AsyncIterator[Said]:
        messages, self.left_out = fitting.messages_of(context, found, self.answer.text)
        body = {"model": context.deployment.name, "messages": messages, "stream": True, **wishes_of(context.assistant)}
        stream = completions.stream(context.caller, body, purpose=Purpose.CHAT, on_wait=self._in_line)
        splitter, seam = Splitter(), continuing.Seam(self.answer.text, context.deployment)
        async with contextlib.aclosing(stream):
            async for chunk in stream:
                for choice in chunk.get("choices") or ():
                    self.finish = choice.get("finish_reason") or self.finish
                    said = splitter.split(choice.get("delta") or {})
                    yield said._replace(text=seam.take(said.text))
        last = splitter.end()
        yield last._replace(text=seam.take(last.text) + seam.end())

    def _in_line(self, place: Place) -> None:
        """Told each second of a wait; shown when it says something new."""
        seconds = 5 * max(1, round(place.seconds / 5))
        text = _("Number %(place)s in line, about %(seconds)s s…") % {"place": place.place, "seconds": seconds}
        if text != self.last_told:
            telling = asyncio.create_task(self._tell(text))
            _tasks.add(telling)
            telling.add_done_callback(_finished)

    async def _show(self) -> None:
        """Publish what has come: at once what comes after a pause, more together when it comes fast."""
        while not self.is_over:  # libraries that wait with a timeout may swallow a cancellation
            await self.came.wait()
            self.came.clear()
            cost = await self._publish_new()
            step = max(SHORTEST_STEP, COST_SHARE * cost)
            due = time.monotonic() + step
            await asyncio.sleep(step)
            await asyncio.sleep(min(time.monotonic() - due, LONGEST_WAIT))  # others have to be served, too

    async def _keep(self, writing: "asyncio.Task[None] | None") -> None:
        """Save now and then; cancel the writing when somebody asked for it."""
        while not self.stopping and not self.is_over:
            await asyncio.sleep(SAVE_EVERY)
            self.stopping = await self._save()
        if writing and not self.is_over:
            writing.cancel()

    async def _publish_new(self) -> float:
        """Returns the seconds of rendering it took."""
        if thought := self.thoughts[len(self.shown.thought) :]:
            self.shown = self.shown._replace(thought=self.thoughts)
            await self._publish({"type": "thought", "text": thought})
        text = self.text
        if not (new := text[len(self.shown.text) :]):
            return 0.0
        is_small = self.renderer.effort + len(new) <= SMALL
        update, cost = self._render(new) if is_small else await asyncio.to_thread(self._render, new)
        self.shown = self.shown._replace(text=text)  # no sooner: text and number are saved together
        await self._publish({"type": "text", "seconds": self.thinking_seconds, **update._asdict()})
        return cost

    def _render(self, text: str) -> tuple[Update, float]:
        began = time.thread_time()
        return self.renderer.feed(text), time.thread_time() - began

    async def _tell(self, text: str) -> None:
        self.last_told = text
        await self._publish({"type": "status", "text": text})

    async def _publish(self, event: events.Event) -> None:
        async with self.publishing:
            if self.is_over:
                return
            self.number += 1
            numbered = {**event, "message": str(self.answer.id), "number": self.number}
            await events.publish(self.answer.conversation_id, numbered)

    async def _save(self) -> bool:
        """Store what was published and renew the lease; True when the answer is to stop, or is gone."""
        state = (self.shown, self.number)
        changes: dict[str, object] = {}
        pause = SAVE_LONG_EVERY if len(self.shown.text) + len(self.shown.thought) > LONG else SAVE_EVERY
        if state != self.saved and time.monotonic() - self.saved_at >= pause - 0.1:
            changes = {"text": self.shown.text, "event": self.number, **self._thoughts(self.shown.thought)}
        try:
            stop = await in_database(save, self.answer.id, changes)
            if self.noted < (noted := len(self.notes)):  # what is sent has to be known even if nobody ends this
                await in_database(receipts.keep, self.answer.id, self.notes)
                self.noted = noted
        except OperationalError:  # the database restarts: the next second tries again
            logger.warning("An answer could not be saved yet")
            return False
        if changes:
            self.saved, self.saved_at = state, time.monotonic()
        return stop

    def _thoughts(self, thoughts: str) -> dict[str, object]:
        return {"reasoning": thoughts, "thinking_seconds": self.thinking_seconds} if thoughts else {}

    async def _end(self, status: Message.Status, error: Failure | None) -> None:
        self.is_over = True
        async with self.publishing:
            for task in self.beside:
                task.cancel()
        self.number += 1
        texts = {"text": self.text, "event": self.number, **self._thoughts(self.thoughts)}
        facts = {"support": self.support, "left_out": self.left_out, "finish": str(self.finish)[:20]}
        await patiently(receipts.keep, self.answer.id, self.notes)
        if message := await patiently(end, self.answer.id, status, error, {**texts, **facts}):
            await events.publish(message.conversation_id, await in_database(ended_event, message))
