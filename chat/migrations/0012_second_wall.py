"""Which conversations a person may read, told to the database: see accounts/acting.py.

One that is shown to somebody is theirs to read here as a whole; how far it is shown is for chat/sharing.py.
"""

from django.db import migrations

CONVERSATION = """
CREATE POLICY second_wall ON chat_conversation USING (deleted_at IS NULL AND (
    owner_id = (SELECT voliere_person())
    OR EXISTS (
        SELECT FROM chat_share share
        WHERE share.conversation_id = chat_conversation.id AND (SELECT voliere_person()) IS NOT NULL AND (
            share.everyone
            OR EXISTS (
                SELECT FROM chat_share_people named
                WHERE named.share_id = share.id AND named.user_id = (SELECT voliere_person())
            )
            OR EXISTS (
                SELECT FROM chat_share_teams named JOIN accounts_membership member USING (team_id)
                WHERE named.share_id = share.id AND member.user_id = (SELECT voliere_person())
            )
        )
    )
))
"""
MESSAGE = """
CREATE POLICY second_wall ON chat_message
USING (EXISTS (SELECT FROM chat_conversation read WHERE read.id = chat_message.conversation_id))
"""
CITATION = """
CREATE POLICY second_wall ON chat_citation
USING (EXISTS (SELECT FROM chat_message read WHERE read.id = chat_citation.message_id))
"""
POLICIES = {"chat_conversation": CONVERSATION, "chat_message": MESSAGE, "chat_citation": CITATION}


def wall(table: str, policy: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        [policy, f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"],
        [f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY", f"DROP POLICY second_wall ON {table}"],
    )


class Migration(migrations.Migration):
    dependencies = [("chat", "0011_held_conversations_stay"), ("rag", "0011_second_wall")]

    operations = [wall(table, policy) for table, policy in POLICIES.items()]
