from django import template

import accounts.team_removal
import gateway.team_removal
import rag.team_removal
from accounts.models import Team

register = template.Library()


@register.filter
def goes_with_it(team: Team) -> list[str]:
    """In each room's words."""
    rooms = (rag.team_removal, gateway.team_removal, accounts.team_removal)
    return [sentence for room in rooms for sentence in room.told(team)]
