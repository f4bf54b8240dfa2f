from collections.abc import Iterable

from django import template
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe

from chat import citations, fitting, opinions
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


@register.filter
def did_not_fit(left_out: fitting.LeftOut) -> str:
    return fitting.in_words(left_out)


@register.filter
def reasons(message: Message) -> Iterable[tuple[str, Promise]]:
    return opinions.REASONS[message.opinion].items()


@register.filter
def reason_given(message: Message) -> str:
    """The one chosen, and the person's own words."""
    chosen = opinions.REASONS[message.opinion].get(message.opinion_reason)
    return ". ".join(filter(None, [str(chosen or ""), message.opinion_text]))
