"""Folders of conversations, with instructions, collections and files that hold for all of them."""

from django.db import transaction
from django.utils.translation import gettext as _

from chat import conversations
from chat.models import Conversation, Project
from rag.models import Collection


@transaction.atomic
def files_of(project: Project) -> Collection:
    """The collection that takes its files; made for the first."""
    locked = Project.objects.select_for_update().select_related(None).get(id=project.id)
    if locked.files is None:
        name = _("Files of a project")
        locked.files = Collection.objects.create(owner=project.owner, name=name, is_attachment=True)
        locked.save(update_fields=["files"])
    return locked.files


@transaction.atomic
def delete(project: Project, *, with_conversations: bool) -> None:
    """Its files go with it. Its conversations stay as they are, or are deleted like any other."""
    inside = Conversation.objects.visible_to(project.owner).filter(project=project)
    if with_conversations:
        for conversation in inside:
            conversations.delete(conversation)
    files = project.files
    project.delete()
    if files:
        files.delete()
