"""What becomes of its people when a team is removed."""

from collections.abc import Iterator

from django.utils.translation import ngettext

from accounts.models import Team


def told(team: Team) -> Iterator[str]:
    if count := team.members.count():
        yield ngettext(
            "%(count)s person is no longer in it. Their account stays.",
            "%(count)s people are no longer in it. Their accounts stay.",
            count,
        ) % {"count": count}
