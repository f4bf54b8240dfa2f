from gateway.dialects.model import Models, named
from gateway.probing import Visit


async def ask_vllm(visit: Visit, models: Models) -> str:
    """The model list tells the context length (`max_model_len`), the rest has to be guessed."""
    version = (await visit.tells("/version")).get("version")
    has_responses = await visit.takes("/responses")
    for model in models.values():
        model.has_responses = has_responses
    return named("vLLM", version)
