"""What is there at an address: the kind of server, its models, and what it tells of them."""

from dataclasses import dataclass

from gateway import dialects, probing
from gateway.dialects import Model
from gateway.models import Upstream


@dataclass(frozen=True)
class Found:
    models: list[Model]
    software: str = ""  # the kind of server in words, where it tells

    @property
    def names(self) -> list[str]:
        return [model.id for model in self.models]


def look(upstream: Upstream, seconds: float = probing.TIMEOUT) -> Found:
    """Raises UpstreamError where there is no list of models; all else is optional."""
    return probing.run(look_around(upstream, seconds))


async def look_around(upstream: Upstream, seconds: float = probing.TIMEOUT) -> Found:
    async with probing.visit(upstream, seconds) as visit:
        read = (Model.read(entry) for entry in await visit.models())
        models = {model.id: model for model in read if model}
        return Found(list(models.values()), await dialects.ask(visit, models))
