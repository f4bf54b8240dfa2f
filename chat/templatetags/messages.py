from django import template
from django.utils.safestring import SafeString, mark_safe

from chat import citations
from chat.models import Citation, Message
from chat.rendering import render, shown

register = template.Library()


@register.filter
def answer_html(message: Message) -> SafeString:
    links = citations.links(message, message.citations.all())
    text = shown(message.text, links) if message.is_running else message.text
    doubts = {int(number): code for number, code in (message.support or {}).get("doubts", {}).items()}
    return mark_safe(render(text, links, doubts=doubts, scope=message.scope))  # noqa: S308  (the renderer sanitises)


@register.filter
def sources(message: Message) -> citations.Sources:
    return citations.sources_of(message)


@register.filter
def source_title(citation: Citation) -> str:
    return citations.title_of(citation)


@register.filter
def source_address(citation: Citation) -> str:
    return citations.address_of(citation)


@register.filter
def excerpt(citation: Citation) -> str:
    return citations.excerpt(citation)
