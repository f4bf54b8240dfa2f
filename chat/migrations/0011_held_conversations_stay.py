from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_data_protection'),
        ('chat', '0010_receipts'),
    ]

    operations = [
        migrations.RunSQL((SQL / "holds.sql").read_text(), "DROP FUNCTION chat_held_stays CASCADE"),
    ]
