from typing import Any

from django import template
from django.db.models import QuerySet

from accounts import inviting, notifications, rules
from accounts.models import IdentityProvider, Notification, User

register = template.Library()


@register.simple_tag
def identity_providers() -> QuerySet[IdentityProvider]:
    return IdentityProvider.objects.active()


@register.simple_tag
def sign_up_is_open() -> bool:
    return rules.current().open_sign_up


@register.simple_tag(takes_context=True)
def unread_notifications(context: dict[str, Any]) -> list[Notification]:
    request = context.get("request")
    return notifications.unread(request.user) if request and request.user.is_authenticated else []


@register.filter
def may_invite(user: User) -> bool:
    return inviting.may_invite(user)
