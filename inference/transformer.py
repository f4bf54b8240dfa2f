"""A chat model of the transformers library, given by folder or hub name."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from inference.completions import Finished
from inference.embedding import licence_of
from inference.exceptions import ContextTooLong, GenerationFailed, InvalidRequest, ModelUnusable
from inference.requests import ChatRequest

DEFAULT_TOKENS = 1024  # of an answer whose caller names no limit
SILENCE = 120.0  # seconds without a token after which a generation counts as dead


class TransformerChat:
    """One generation at a time: who comes second waits."""

    kind = "chat"
    dimensions = None
    description = "A local chat model."

    def __init__(self, name: str) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        folder = Path(name)
        options: dict[str, Any] = {"trust_remote_code": False, "local_files_only": folder.is_dir()}
        device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(name, **options)
            model: Any = AutoModelForCausalLM.from_pretrained(name, dtype="auto", **options)
        except (OSError, ValueError) as error:
            raise ModelUnusable(f"The chat model {name} cannot be loaded: {error}") from error
        if not self._tokenizer.chat_template:
            raise ModelUnusable(f"The chat model {name} has no chat template.")
        self._model = model.to(device).eval()
        self.id = folder.name if folder.is_dir() else name
        self.licence = licence_of(folder / "README.md")
        self.context_length = int(self._model.config.max_position_embeddings)
        self._turn = asyncio.Lock()

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        inputs = await asyncio.to_thread(self._inputs, request)
        limit = self._limit(inputs, request)
        async with self._turn:
            options = {"max_new_tokens": limit, **_sampling(request)}
            generation = Generation(self._model, self._tokenizer, inputs, options)
            try:
                async for piece in generation.pieces:
                    if piece:
                        yield piece
            finally:
                await asyncio.shield(asyncio.to_thread(generation.stop))
        if generation.error:
            raise GenerationFailed(f"{self.id} failed while answering.") from generation.error
        reason = "length" if generation.written >= limit else "stop"
        yield Finished(reason, generation.read, generation.written)

    def _inputs(self, request: ChatRequest) -> Any:
        from jinja2 import TemplateError

        messages = [{"role": message.role, "content": message.text} for message in request.messages]
        try:
            return self._tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
            )
        except TemplateError as error:
            raise InvalidRequest(f"The model does not take these messages: {error}", param="messages") from error

    def _limit(self, inputs: Any, request: ChatRequest) -> int:
        left = self.context_length - int(inputs["input_ids"].shape[1])
        if left < 1:
            message = f"The messages are longer than the {self.context_length} tokens that {self.id} can read."
            raise ContextTooLong(message, param="messages")
        return min(request.max_tokens or DEFAULT_TOKENS, left)


class Generation:
    """A run of the model in a thread of its own; `pieces` is its text as it comes."""

    def __init__(self, model: Any, tokenizer: Any, inputs: Any, options: dict[str, Any]) -> None:
        from transformers import AsyncTextIteratorStreamer, StoppingCriteria, set_seed

        stopped = self._stopped = threading.Event()

        class Stop(StoppingCriteria):
            def __call__(self, input_ids: Any, scores: Any, **more: Any) -> Any:
                return input_ids.new_full((len(input_ids),), stopped.is_set(), dtype=bool)

        self.read = int(inputs["input_ids"].shape[1])
        self.written = 0
        self.error: Exception | None = None
        self.pieces = AsyncTextIteratorStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True, timeout=SILENCE)
        seed = options.pop("seed")

        def run() -> None:
            try:
                if seed is not None:
                    set_seed(seed)
                ids = model.generate(
                    **inputs.to(model.device),
                    streamer=self.pieces,
                    tokenizer=tokenizer,
                    stopping_criteria=[Stop()],
                    **options,
                )
                self.written = int(ids.shape[1]) - self.read
            except (LookupError, RuntimeError, ValueError) as error:
                self.error = error
            finally:
                self.pieces.on_finalized_text("", stream_end=True)

        self._thread = threading.Thread(target=run, name="generation", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()


def _sampling(request: ChatRequest) -> dict[str, Any]:
    seed = None if request.seed is None else request.seed % 2**32
    options: dict[str, Any] = {"seed": seed, "stop_strings": request.stop or None}
    if request.temperature == 0:
        return {**options, "do_sample": False}
    return {**options, "do_sample": True, "temperature": request.temperature, "top_p": request.top_p}
