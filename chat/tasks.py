from asgiref.sync import async_to_sync
from celery import shared_task

from chat import conversations, events, generation


@shared_task  # type: ignore[untyped-decorator]  # Celery ships no types
def sweep_answers() -> None:
    for message in generation.sweep():
        async_to_sync(events.publish)(message.conversation_id, generation.ended_event(message))


@shared_task  # type: ignore[untyped-decorator]
def remove_deleted_conversations() -> None:
    conversations.remove_deleted()
