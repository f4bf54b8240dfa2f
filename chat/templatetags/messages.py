from django import template
from django.utils.safestring import SafeString, mark_safe

from chat import citations
from chat.models import Citation, Message
from chat.rendering import render

register = template.Library()


@register.filter
def answer_html(message: Message) -> SafeString:
    html = render(message.text, citations.links(message, message.citations.all()), scope=message.scope)
    return mark_safe(html)  # noqa: S308  (the renderer sanitises)


@register.filter
def used_sources(message: Message) -> list[Citation]:
    used = citations.used_numbers(message.text)
    return [citation for citation in message.citations.all() if citation.number in used]


@register.filter
def source_title(citation: Citation) -> str:
    return citations.title_of(citation)


@register.filter
def source_address(citation: Citation) -> str:
    return citations.address_of(citation)
