from pathlib import Path

import django.core.validators
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"
WATCHED = """name, base_url, api_key, certificate, watts, is_active, {in_house}failures, cooling_until,
    connect_timeout, first_token_timeout, between_tokens_timeout, total_timeout"""
TELL = """
    CREATE OR REPLACE TRIGGER gateway_tell_change
    AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF %s ON gateway_upstream
    FOR EACH STATEMENT EXECUTE FUNCTION gateway_tell_change()"""


class Migration(migrations.Migration):
    dependencies = [("gateway", "0013_the_houses_webhooks_stay")]

    operations = [
        migrations.RunSQL((SQL / "ledger.sql").read_text(), migrations.RunSQL.noop),
        # a server that is no longer in the house gets nothing confidential any more, at once
        migrations.RunSQL(TELL % WATCHED.format(in_house="in_house, "), TELL % WATCHED.format(in_house="")),
        migrations.AlterField(
            model_name="deployment",
            name="context_length",
            field=models.PositiveIntegerField(
                blank=True,
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="context length in tokens",
            ),
        ),
        migrations.AlterField(
            model_name="deployment",
            name="max_output_tokens",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="More is never asked of the model.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="longest answer in tokens",
            ),
        ),
        migrations.AlterField(
            model_name="deployment",
            name="slots",
            field=models.PositiveIntegerField(
                blank=True,
                default=16,
                help_text="More wait in line. Empty: no limit.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="calls at once",
            ),
        ),
    ]
