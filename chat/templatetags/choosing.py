from typing import Any

from django import template

from chat import choosing

register = template.Library()


@register.inclusion_tag("chat/_model_picker.html", takes_context=True)
def model_picker(context: dict[str, Any], assistants: bool = True) -> dict[str, Any]:
    if not assistants:
        return {"choice": choosing.models(context["request"].user)}
    return {"choice": choosing.choice(*_asked(context))}


@register.simple_tag(takes_context=True)
def current_assistant(context: dict[str, Any]) -> choosing.Current | None:
    return choosing.current(*_asked(context))


def _asked(context: dict[str, Any]) -> tuple[Any, Any, str]:
    request = context["request"]
    return request.user, context.get("conversation"), request.GET.get("assistant", "")
