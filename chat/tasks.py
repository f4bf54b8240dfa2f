from asgiref.sync import async_to_sync
from celery import shared_task

from chat import conversations, events, keeping


@shared_task  # type: ignore[untyped-decorator]  # Celery ships no types
def sweep_answers() -> None:
    for message in keeping.sweep():
        async_to_sync(events.publish)(message.conversation_id, keeping.ended_event(message))


@shared_task  # type: ignore[untyped-decorator]
def remove_deleted_conversations() -> None:
    conversations.remove_deleted()
