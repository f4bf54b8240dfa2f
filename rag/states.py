from typing import TypedDict

from rag.models import Document


class State(TypedDict):
    """What a page polls while a document is under way."""

    id: str
    name: str
    status: str
    label: str
    reason: str
    done: int
    total: int
    progress: str
    is_unfinished: bool
    is_stopped: bool
    already_there: bool


def state(document: Document) -> State:
    return {
        "id": str(document.id),
        "name": document.name,
        "status": document.status,
        "label": document.get_status_display(),
        "reason": document.reason or document.remark,
        "done": document.done,
        "total": document.total,
        "progress": document.progress,
        "is_unfinished": document.is_unfinished,
        "is_stopped": document.is_stopped,
        "already_there": document.already_there,
    }
