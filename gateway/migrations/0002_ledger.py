from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("gateway", "0001_initial")]

    operations = [
        migrations.RunSQL((SQL / "usage.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "ledger.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "changes.sql").read_text(), migrations.RunSQL.noop),
    ]
