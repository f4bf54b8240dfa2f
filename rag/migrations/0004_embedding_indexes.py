"""Vectors belong to the index of an embedding model, no longer to a model's name; chunks keep where their parts are."""

from typing import Any

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from rag.prefixes import prefixes_of

# parts follow each other without a gap but white space; a vector's span lacks the headings its part begins with
FIND_PARTS = """
    UPDATE rag_chunk SET parts = found.parts
    FROM (
        SELECT chunk_id, array_agg(ARRAY[begin + length(gap), part.end] ORDER BY part.start) AS parts
        FROM (
            SELECT vector.chunk_id, vector.start, vector.end, before.end AS begin,
                substring(substr(chunk.text, before.end - chunk.start + 1, vector.start - before.end) FROM '^\\s*') AS gap
            FROM (
                SELECT chunk_id, start, "end", lag("end") OVER (PARTITION BY chunk_id, index_id ORDER BY start) AS last,
                    index_id = min(index_id) OVER (PARTITION BY chunk_id) AS is_first
                FROM rag_vector
            ) vector
            JOIN rag_chunk chunk ON chunk.id = vector.chunk_id,
            LATERAL (SELECT coalesce(vector.last, chunk.start) AS end) before
            WHERE is_first
        ) part
        GROUP BY chunk_id
    ) found
    WHERE rag_chunk.id = found.chunk_id
"""
COUNT_DOCUMENTS = """
    INSERT INTO rag_indexeddocument (document_id, index_id, vectors)
    SELECT chunk.document_id, vector.index_id, count(*)
    FROM rag_vector vector JOIN rag_chunk chunk ON chunk.id = vector.chunk_id
    GROUP BY chunk.document_id, vector.index_id
"""
MODELS = """
    SELECT model, vector_dims(embedding), count(*) FROM rag_vector GROUP BY 1, 2 ORDER BY 3 DESC
"""


def make_indexes(apps: Any, schema_editor: Any) -> None:
    """One for each model and length; in use is that of the default deployment, else the largest.

    What was embedded until now had no prefixes, so they stay away from these.
    """
    EmbeddingIndex = apps.get_model("rag", "EmbeddingIndex")
    Deployment = apps.get_model("gateway", "Deployment")
    default = Deployment.objects.filter(kind="embedding", is_active=True, upstream__is_active=True)
    wanted = default.order_by("-is_default", "name", "priority", "id").values_list("model", flat=True).first()
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(MODELS)
        found = sorted(cursor.fetchall(), key=lambda row: row[0] != wanted)
        for number, (model, dimension, _count) in enumerate(found):
            state = {"state": "retired", "retired_at": django.utils.timezone.now()} if number else {"state": "active"}
            query_prefix = prefixes_of(model)[0] if not prefixes_of(model)[1] else ""
            index = EmbeddingIndex.objects.create(
                model=model, dimension=dimension, query_prefix=query_prefix, **state
            )
            cursor.execute(
                "UPDATE rag_vector SET index_id = %s WHERE model = %s AND vector_dims(embedding) = %s",
                [index.pk, model, dimension],
            )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # the columns are changed next


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("gateway", "0002_ledger"),
        ("rag", "0005_terms"),
    ]

    operations = [
        migrations.CreateModel(
            name="EmbeddingIndex",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "model",
                    models.CharField(
                        help_text="What its server calls it; the offer may be renamed.",
                        max_length=200,
                        verbose_name="model",
                    ),
                ),
                ("dimension", models.PositiveIntegerField(editable=False, null=True, verbose_name="numbers a vector")),
                (
                    "query_prefix",
                    models.CharField(
                        blank=True,
                        help_text="Many models expect a few words before what they read; this one got these with each question.",
                        max_length=500,
                        verbose_name="before a question",
                    ),
                ),
                ("passage_prefix", models.CharField(blank=True, max_length=500, verbose_name="before a passage")),
                (
                    "calibration",
                    models.JSONField(
                        default=dict, editable=False, help_text="how far it is trusted, see rag.calibration"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("building", "being built"),
                            ("active", "in use"),
                            ("retired", "kept for a while"),
                            ("dropped", "being removed"),
                        ],
                        default="building",
                        editable=False,
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("error", models.CharField(blank=True, editable=False, max_length=50, verbose_name="reason")),
                (
                    "attempts",
                    models.PositiveIntegerField(default=0, editable=False, help_text="in a row that failed"),
                ),
                (
                    "lease_until",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, help_text="until then a worker has it"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="adopted")),
                (
                    "retired_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="out of use since"),
                ),
                (
                    "adopted_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="adopted by",
                    ),
                ),
            ],
            options={
                "verbose_name": "embedding model",
                "verbose_name_plural": "embedding models",
                "ordering": ["-created_at"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "active")), fields=("state",), name="one_index_in_use"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "building")), fields=("state",), name="one_index_being_built"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="IndexedDocument",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("vectors", models.PositiveIntegerField()),
                (
                    "document",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="rag.document",
                    ),
                ),
                (
                    "index",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="documents", to="rag.embeddingindex"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("document", "index"), include=("vectors",), name="indexed_once")
                ],
            },
        ),
        migrations.AddField(
            model_name="vector",
            name="index",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="rag.embeddingindex",
            ),
        ),
        migrations.AddField(
            model_name="chunk",
            name="parts",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=django.contrib.postgres.fields.ArrayField(
                    base_field=models.PositiveIntegerField(), size=2
                ),
                default=list,
                help_text="spans that are embedded",
                size=None,
            ),
        ),
        migrations.RunPython(make_indexes, migrations.RunPython.noop),
        migrations.RunSQL(FIND_PARTS, migrations.RunSQL.noop),
        migrations.RunSQL(COUNT_DOCUMENTS, migrations.RunSQL.noop),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RemoveField(model_name="vector", name="model"),
        migrations.AlterField(
            model_name="vector",
            name="index",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="rag.embeddingindex",
            ),
        ),
        migrations.AlterField(
            model_name="vector",
            name="collection",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="rag.collection"
            ),
        ),
        migrations.AddIndex(
            model_name="vector",
            index=models.Index(fields=["collection", "index"], name="vector_scope"),
        ),
        # a row of its own for each vector, also where it is larger than 2 kB: what is scanned is not to be looked up
        migrations.RunSQL(
            "ALTER TABLE rag_vector ALTER COLUMN embedding SET STORAGE MAIN",
            "ALTER TABLE rag_vector ALTER COLUMN embedding SET STORAGE EXTERNAL",
        ),
    ]
