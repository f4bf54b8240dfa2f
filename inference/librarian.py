"""The librarian: a chat model without a language model. It quotes the sentences of the sources that answer best."""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence

from inference import answers, ranking, sources
from inference.batching import Batcher
from inference.completions import Finished
from inference.embedding import EmbeddingModel, Vectors
from inference.language import Language, language_of, stems
from inference.ranking import Sentence
from inference.requests import ChatRequest
from inference.sources import Source

PAUSE = 0.012  # seconds between words, so that the answer is seen to be written
LONGEST_WRITING = 1.2  # seconds for a whole answer
NOTHING_FOUND = "<sources/>"  # stands in a prompt for which a search found nothing

ASKS_FOR_AN_OVERVIEW = re.compile(
    r"zusammenfass|\bfasse?\b.*\bzusammen\b|überblick|worum geht|wovon handel|summar|overview|\babout\?|main points",
    re.IGNORECASE | re.DOTALL,
)


class Librarian:
    id = "librarian"
    kind = "chat"
    licence = "EUPL-1.2"
    description = "Answers with word-for-word quotations from your documents. No language model: it invents nothing."
    dimensions = None
    context_length = 32_768

    def __init__(self, model: EmbeddingModel, batcher: Batcher) -> None:
        self.model = model
        self.batcher = batcher

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        text, reason = self._within_limits(await self.answer(request), request)
        pieces = re.findall(r"\s*\S+\s*", text)
        pause = min(PAUSE, LONGEST_WRITING / max(len(pieces), 1)) if request.stream else 0
        for piece in pieces:
            yield piece
            await asyncio.sleep(pause)
        *read, written = await asyncio.to_thread(self.model.count, [*(m.text for m in request.messages), text])
        yield Finished(reason, sum(read), written)

    async def answer(self, request: ChatRequest) -> str:
        prompts = [message.text for message in request.messages if message.role in ("system", "developer")]
        given = await asyncio.to_thread(sources.parse, prompts)
        question, language = _question(request, given)
        if not given:
            searched = any(NOTHING_FOUND in prompt for prompt in prompts)
            return answers.nothing_given(language) if searched else answers.welcome(language)
        found = await asyncio.to_thread(ranking.read, given, language)
        if ASKS_FOR_AN_OVERVIEW.search(question):
            chosen = await self._central(found)
            return answers.quoting(chosen, language, "overview") if chosen else answers.nothing_fits(given, language)
        chosen, is_sure = await self._best(question, found, language)
        if not chosen:
            return answers.nothing_fits(given, language)
        return answers.quoting(chosen, language, "found" if is_sure else "nearest")

    async def _best(self, question: str, found: list[Sentence], language: Language) -> tuple[list[Sentence], bool]:
        words = await asyncio.to_thread(ranking.by_words, stems(question, language), found, language)
        numbers = ranking.worth_comparing(words, found)
        if not numbers:
            return [], False
        asked, *vectors = await self._embed([question, *(found[number].text for number in numbers)])
        compared = [
            ranking.evidence(question, words[number], float(asked @ vector), found[number], language)
            for number, vector in zip(numbers, vectors, strict=True)
        ]
        return ranking.choose(compared, found, language)

    async def _central(self, found: list[Sentence]) -> list[Sentence]:
        quotable = [sentence for sentence in found if sentence.is_quotable][: ranking.MAX_COMPARED * 2]
        return ranking.central(await self._embed([s.text for s in quotable]), quotable) if quotable else []

    async def _embed(self, texts: Sequence[str]) -> Vectors:
        return await self.batcher.embed(texts, self.model.lengths(texts), urgent=True)

    def _within_limits(self, text: str, request: ChatRequest) -> tuple[str, str]:
        cuts = [text.find(stop) for stop in request.stop if stop in text]
        text = text[: min(cuts, default=len(text))]
        shorter = self.model.first_tokens(text, request.max_tokens) if request.max_tokens else text
        return shorter, "stop" if shorter == text else "length"


def _question(request: ChatRequest, given: list[Source]) -> tuple[str, Language]:
    """The last question, with the one before it where it has no word of its own ("And for how long?")."""
    asked = [message.text for message in request.messages if message.role == "user"] or [""]
    language = language_of(asked[-1], otherwise=language_of(" ".join(source.text[:500] for source in given)))
    has_words = stems(asked[-1], language) or ASKS_FOR_AN_OVERVIEW.search(asked[-1])
    return (asked[-1] if has_words else "\n".join(asked[-2:])), language
