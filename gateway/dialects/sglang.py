from typing import Any

from gateway.dialects.model import Models, count, named
from gateway.probing import Visit


async def ask_sglang(visit: Visit, models: Models) -> str:
    """One model a server, and adapters of it. Newer servers have dropped the `get_` of both addresses."""
    about = await visit.tells("/model_info") or await visit.tells("/get_model_info")
    server = await visit.tells("/server_info") or await visit.tells("/get_server_info")
    for model in models.values():
        model.context_length = model.context_length or count(server.get("context_length"))
        model.slots = _slots(server)
        if about.get("is_generation") is False and not model.kind:
            model.kind = "embedding"
        elif about.get("is_generation") is True:
            model.kind = "chat"
    return named("SGLang", server.get("version"))


def _slots(server: dict[str, Any]) -> int | None:
    """What the schedulers settled on, else what they were told."""
    states = server.get("internal_states")
    settled = [
        count(state.get("effective_max_running_requests_per_dp")) or count(state.get("max_running_requests")) or 0
        for state in (states if isinstance(states, list) else [])
        if isinstance(state, dict)
    ]
    return count(sum(settled)) or count(server.get("max_running_requests"))
