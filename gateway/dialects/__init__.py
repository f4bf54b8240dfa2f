"""What each kind of inference server tells of itself and its models beyond the OpenAI API.

A dialect is a function: given a visit and the models listed, it fills in what it learns and returns the server's name,
or an empty text where another kind of server answered. Nothing it asks is needed, and nothing it hears is believed
before its type and size are checked (`model`).
"""

from collections.abc import Awaitable, Callable

from gateway.dialects.llamacpp import ask_llamacpp
from gateway.dialects.lmstudio import ask_lmstudio
from gateway.dialects.model import Model, Models
from gateway.dialects.ollama import ask_ollama
from gateway.dialects.sglang import ask_sglang
from gateway.dialects.tgi import ask_tgi
from gateway.dialects.vllm import ask_vllm
from gateway.probing import Visit

Dialect = Callable[[Visit, Models], Awaitable[str]]

# these put their name on each model; the others have to be asked
SIGNED: dict[str, Dialect] = {"vllm": ask_vllm, "sglang": ask_sglang, "llamacpp": ask_llamacpp}
UNSIGNED: tuple[Dialect, ...] = (ask_ollama, ask_lmstudio, ask_tgi)


async def ask(visit: Visit, models: Models) -> str:
    """The name of the server in words, if it tells."""
    if any(model.is_ours for model in models.values()):
        return "Voliere"
    owners = {model.owner for model in models.values()} & SIGNED.keys()
    for dialect in [SIGNED[owner] for owner in owners] or UNSIGNED:
        if name := await dialect(visit, models):
            return name
    return ""


__all__ = ["Model", "Models", "ask"]
