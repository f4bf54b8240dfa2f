from gateway.dialects.model import Models, count, text
from gateway.probing import Visit

KINDS = {"llm": "chat", "vlm": "chat", "embeddings": "embedding"}


async def ask_lmstudio(visit: Visit, models: Models) -> str:
    listed = (await visit.tells("/api/v0/models")).get("data")
    if not isinstance(listed, list):
        return ""
    has_responses = await visit.takes("/responses")
    for about in listed:
        model = models.get(text(about.get("id"), 200)) if isinstance(about, dict) else None
        if model:
            # what it was loaded with counts, not what it could take in
            model.context_length = count(about.get("loaded_context_length")) or count(about.get("max_context_length"))
            model.kind = KINDS.get(text(about.get("type")), "")
            model.quantisation = text(about.get("quantization"), 50)
            model.has_responses = has_responses
    return "LM Studio"
