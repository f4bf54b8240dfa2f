from django.db import migrations

WATCHED = """
CREATE TRIGGER gateway_tell_change AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE ON rag_embeddingindex
FOR EACH STATEMENT EXECUTE FUNCTION gateway_tell_change()
"""


class Migration(migrations.Migration):
    dependencies = [("rag", "0006_collections_are_withdrawn"), ("gateway", "0002_ledger")]

    operations = [migrations.RunSQL(WATCHED, "DROP TRIGGER gateway_tell_change ON rag_embeddingindex")]
