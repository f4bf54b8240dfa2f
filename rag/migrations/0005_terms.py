from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"
DROP = "DROP FUNCTION rag_count_terms, rag_splits, rag_terms, rag_term, rag_words"


class Migration(migrations.Migration):
    """Terms are found by functions in the database; what is there is counted anew."""

    dependencies = [("rag", "0005_document_versions")]

    operations = [
        migrations.AddField(
            model_name="document",
            name="chunk_count",
            field=models.PositiveIntegerField(default=0, help_text="with the next, what a search reckons with"),
        ),
        migrations.AddField(
            model_name="document", name="term_count", field=models.PositiveIntegerField(default=0)
        ),
        migrations.AddField(
            model_name="posting",
            name="length",
            field=models.PositiveSmallIntegerField(default=0, help_text="terms of the chunk"),
        ),
        migrations.AlterField(
            model_name="posting",
            name="frequency",
            field=models.PositiveSmallIntegerField(help_text="in halves: a part of a compound is half a word"),
        ),
        migrations.RemoveIndex(model_name="posting", name="posting_term"),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(
                fields=["term", "collection"], include=("chunk", "frequency", "length"), name="posting_term"
            ),
        ),
        migrations.RunSQL((SQL / "terms.sql").read_text(), DROP),
        migrations.RunSQL("SELECT rag_count_terms(id) FROM rag_document", migrations.RunSQL.noop),
    ]
