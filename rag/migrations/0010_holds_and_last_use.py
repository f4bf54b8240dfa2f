from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_data_protection'),
        ('rag', '0009_searches_remember_their_index'),
    ]

    operations = [
        migrations.AddField(
            model_name='document',
            name='used_at',
            field=models.DateTimeField(editable=False, help_text='last opened, or found by a search; to the day', null=True),
        ),
        # what was used before nobody knows: the time of a rule begins now
        migrations.RunSQL("UPDATE rag_document SET used_at = now()", migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "holds.sql").read_text(), "DROP FUNCTION rag_held_stays CASCADE"),
    ]
