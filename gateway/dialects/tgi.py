from gateway.dialects.model import Models, count, inside, named
from gateway.probing import Visit


async def ask_tgi(visit: Visit, models: Models) -> str:
    """Text Generation Inference, and Text Embeddings Inference, which answers at the same address."""
    about = await visit.tells("/info")
    if not isinstance(about.get("model_id"), str) or "max_concurrent_requests" not in about:
        return ""
    kinds = inside(about, "model_type")
    for model in models.values():
        longest = about.get("max_total_tokens") or about.get("max_input_tokens") or about.get("max_input_length")
        model.context_length = count(longest)
        model.slots = count(about.get("max_concurrent_requests"))
        if kinds:
            model.kind = "embedding" if "embedding" in kinds else "rerank" if "reranker" in kinds else "other"
        else:
            model.kind = "chat"
    return named("Text Embeddings Inference" if kinds else "Text Generation Inference", about.get("version"))
