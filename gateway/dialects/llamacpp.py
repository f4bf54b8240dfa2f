from gateway.dialects.model import Models, count, inside, named
from gateway.probing import Visit


async def ask_llamacpp(visit: Visit, models: Models) -> str:
    """One model a server. A router with several tells of none unless it loads it: that is not asked of it."""
    about = await visit.tells("/props")
    if len(models) == 1 and about.get("role") != "router":
        [model] = models.values()
        # of one slot: the server divides its context between them
        model.context_length = count(inside(about, "default_generation_settings").get("n_ctx"))
        model.slots = count(about.get("total_slots"))
    return named("llama.cpp", about.get("build_info"))
