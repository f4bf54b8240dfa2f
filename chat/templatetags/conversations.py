from typing import Any

from django import template

from chat.history import sidebar

register = template.Library()


@register.inclusion_tag("chat/_conversation_list.html", takes_context=True)
def conversation_list(context: dict[str, Any]) -> dict[str, Any]:
    """The person's conversations, in the navigation of every page."""
    current, project = context.get("conversation"), context.get("project")
    return {**sidebar(context["request"].user), "current": current, "current_project": project}
