import asyncio
import re
from typing import Any

from gateway.dialects.model import Model, Models, count, inside, named, text, texts
from gateway.probing import Visit

CONTEXT = re.compile(r"^num_ctx\s+(\d{1,9})\s*$", re.MULTILINE)


async def ask_ollama(visit: Visit, models: Models) -> str:
    version = (await visit.tells("/api/version")).get("version")
    if not text(version):
        return ""
    loaded, has_responses = await asyncio.gather(visit.tells("/api/ps"), visit.takes("/responses"))
    running = loaded.get("models")
    in_use = {
        text(about.get("model"), 200): count(about.get("context_length"))
        for about in (running if isinstance(running, list) else [])
        if isinstance(about, dict)
    }
    await asyncio.gather(*(_ask(visit, model, in_use.get(model.id)) for model in models.values()))
    for model in models.values():
        model.has_responses = has_responses
    return named("Ollama", version)


async def _ask(visit: Visit, model: Model, loaded_with: int | None) -> None:
    about = await visit.tells("/api/show", {"model": model.id})
    inner = inside(about, "model_info")
    abilities = texts(about.get("capabilities"))
    if "completion" in abilities:
        model.kind = "chat"
    elif abilities:
        model.kind = "embedding" if "embedding" in abilities else "other"
    model.context_length = loaded_with or _context_length(about, inner)
    model.licence = text(inner.get("general.license")) or _first_line(about.get("license"))
    model.quantisation = text(inside(about, "details").get("quantization_level"), 50)
    model.is_elsewhere = bool(about.get("remote_host"))


def _context_length(about: dict[str, Any], inner: dict[str, Any]) -> int | None:
    """What the model is set to, where that is less than it could take in: the server cuts off the rest silently."""
    most = count(inner.get(f"{text(inner.get('general.architecture'))}.context_length"))
    parameters = about.get("parameters")
    found = CONTEXT.search(parameters) if isinstance(parameters, str) else None
    chosen = count(int(found[1])) if found else None
    return min(chosen, most) if chosen and most else chosen or most


def _first_line(licence: Any) -> str:
    """A licence comes as its whole text, which begins with its name."""
    lines = licence[:2000].split("\n") if isinstance(licence, str) else []
    return text(next((line.strip() for line in lines if line.strip()), "")[:100])
