from typing import Any

from django import template

from chat import choosing
from chat.models import Prompt

register = template.Library()


@register.inclusion_tag("chat/_model_picker.html", takes_context=True)
def model_picker(context: dict[str, Any]) -> dict[str, Any]:
    return {"choice": choosing.choice(*_asked(context))}


@register.simple_tag(takes_context=True)
def current_assistant(context: dict[str, Any]) -> choosing.Current | None:
    return choosing.current(*_asked(context))


@register.simple_tag(takes_context=True)
def chosen_prompt(context: dict[str, Any]) -> Prompt | None:
    """With which a new chat begins."""
    user, conversation, _assistant = _asked(context)
    return None if conversation else choosing.prompt(user, context["request"].GET.get("prompt", ""))


def _asked(context: dict[str, Any]) -> tuple[Any, Any, str]:
    request = context["request"]
    return request.user, context.get("conversation"), request.GET.get("assistant", "")
