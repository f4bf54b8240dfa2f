from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("gateway", "0013_the_houses_webhooks_stay")]

    operations = [migrations.RunSQL((SQL / "ledger.sql").read_text(), migrations.RunSQL.noop)]
