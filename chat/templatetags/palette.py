from typing import Any

from django import template

from chat.palette import commands, shortcuts

register = template.Library()


@register.inclusion_tag("chat/_palette.html", takes_context=True)
def palette(context: dict[str, Any]) -> dict[str, Any]:
    """Quick access and the list of shortcuts, which stand ready on every page of a person."""
    user = context["request"].user
    return {"commands": commands(user), "shortcuts": shortcuts(), "single_keys": user.single_keys}
