"""The same wall, behind a function: PostgreSQL plans the rule for each table of a statement anew, which took longer than
much of a search. A function it does not look into, and whose own plan is kept with the connection."""

from django.db import migrations

TABLES = ("rag_document", "rag_chunk", "rag_posting", "rag_vector")
FUNCTION = """
CREATE FUNCTION voliere_collections() RETURNS SETOF uuid LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1 ROWS 10 AS $$
BEGIN
    RETURN QUERY SELECT id FROM rag_collection;  -- whose own policy holds for whoever asks
END $$
"""
POLICY = "ALTER POLICY second_wall ON {} USING (collection_id IN (SELECT voliere_collections()))"
BEFORE = "ALTER POLICY second_wall ON {} USING (collection_id IN (SELECT id FROM rag_collection))"


class Migration(migrations.Migration):
    dependencies = [("rag", "0011_second_wall")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION voliere_collections()"),
        *(migrations.RunSQL(POLICY.format(table), BEFORE.format(table)) for table in TABLES),
    ]
