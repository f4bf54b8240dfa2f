from django import template
from django.db.models import QuerySet

from accounts import inviting, rules
from accounts.models import IdentityProvider, User

register = template.Library()


@register.simple_tag
def identity_providers() -> QuerySet[IdentityProvider]:
    return IdentityProvider.objects.active()


@register.simple_tag
def sign_up_is_open() -> bool:
    return rules.current().open_sign_up


@register.filter
def may_invite(user: User) -> bool:
    return inviting.may_invite(user)
