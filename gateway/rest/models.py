"""Which models the caller may use."""

from django.http import HttpRequest

from accounts.rest.operations import ANY, Operations
from accounts.signing_in import person
from gateway import keys
from gateway.rest.shapes import ModelShape

operations = Operations("models", read=ANY, write=ANY)


@operations.get("models", response=list[ModelShape])
def list_models(request: HttpRequest) -> list[ModelShape]:
    """The models offered to the caller, one of each name."""
    api_key = request.caller.api_key  # type: ignore[attr-defined]
    named = api_key.model_names if api_key else None
    return [
        ModelShape(
            **{name: getattr(each, name) for name in ("name", "kind", "licence", "context_length")},
            place=each.upstream.place,
            in_house=each.upstream.in_house,
        )
        for each in keys.offered_to(person(request))
        if named is None or each.name in named
    ]
