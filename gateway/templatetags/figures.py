from django import template

from gateway import amounts

register = template.Library()


@register.filter
def grouped(number: int) -> str:
    """As people read it: 1,234,567 or 1.234.567."""
    return amounts.number(number)
