"""What a person may read, told to the database: see accounts/acting.py. The tables' owner is not bound by it."""

from django.db import migrations

COLLECTION = """
CREATE POLICY second_wall ON rag_collection USING (NOT withdrawn AND (
    owner_id = (SELECT voliere_person())
    OR team_id IN (SELECT team_id FROM accounts_membership WHERE user_id = (SELECT voliere_person()))
    OR id IN (
        SELECT collection_id FROM rag_collectionshare
        WHERE user_id = (SELECT voliere_person())
            OR team_id IN (SELECT team_id FROM accounts_membership WHERE user_id = (SELECT voliere_person()))
    )
))
"""
# the policy of the table that is asked holds in turn; collections are read once for a statement
BY_COLLECTION = "CREATE POLICY second_wall ON {} USING (collection_id IN (SELECT id FROM rag_collection))"
BY_DOCUMENT = "CREATE POLICY second_wall ON {} USING (EXISTS (SELECT FROM rag_document read WHERE read.id = document_id))"
POLICIES = {
    "rag_collection": COLLECTION,
    **dict.fromkeys(("rag_document", "rag_chunk", "rag_posting", "rag_vector"), BY_COLLECTION),
    **dict.fromkeys(("rag_documenttext", "rag_documentversion"), BY_DOCUMENT),
}


def wall(table: str, policy: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        [policy.format(table), f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"],
        [f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY", f"DROP POLICY second_wall ON {table}"],
    )


class Migration(migrations.Migration):
    dependencies = [("rag", "0010_holds_and_last_use"), ("accounts", "0004_identity")]

    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION voliere_person() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE RETURN (
                SELECT id FROM accounts_user
                WHERE id = nullif(current_setting('voliere.person', true), '')::uuid AND is_active
            )
            """,
            "DROP FUNCTION voliere_person()",
        ),
        *(wall(table, policy) for table, policy in POLICIES.items()),
    ]
