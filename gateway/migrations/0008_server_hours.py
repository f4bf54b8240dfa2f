from pathlib import Path

import accounts.encryption
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import gateway.models.hours
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"
# who remembers which servers sleep is told when that changes (sql/changes.sql)
TELL = """
    CREATE OR REPLACE TRIGGER gateway_tell_change
    AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE ON gateway_serverhours
    FOR EACH STATEMENT EXECUTE FUNCTION gateway_tell_change()"""


class Migration(migrations.Migration):

    dependencies = [
        ('gateway', '0007_energy'),
    ]

    operations = [
        migrations.AddField(
            model_name='occupancy',
            name='is_awake',
            field=models.BooleanField(db_default=True),
        ),
        migrations.CreateModel(
            name='ServerHours',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('zone', models.CharField(default=gateway.models.hours.house_zone, max_length=50, verbose_name='time zone')),
                ('week', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(blank=True, max_length=100), default=gateway.models.hours.office_hours, size=7, verbose_name='week')),
                ('exceptions', models.TextField(blank=True, help_text='A day or some days in a line, and then its hours: “2026-12-24..2027-01-01” is off, “2026-12-31 09:00-12:00” is on for three hours.', verbose_name='exceptions')),
                ('wakes_on_demand', models.BooleanField(default=True, help_text='Also outside its hours, for whoever asks its models.', verbose_name='wakes when it is needed')),
                ('idle_minutes', models.PositiveIntegerField(blank=True, help_text='Empty: never within its hours, after 15 minutes outside of them.', null=True, validators=[django.core.validators.MinValueValidator(5), django.core.validators.MaxValueValidator(1440)], verbose_name='stops after minutes without a call')),
                ('hook', models.CharField(choices=[('http', 'a request (POST) to an address'), ('command', 'a command of this server')], default='http', max_length=10, verbose_name='started and stopped by')),
                ('start_url', models.CharField(blank=True, max_length=500, validators=[django.core.validators.RegexValidator('\\Ahttps?://[^\\s/?#@]+(/[^\\s?#]*)?\\Z', 'This is no http:// or https:// address.')], verbose_name='address to start it')),
                ('stop_url', models.CharField(blank=True, max_length=500, validators=[django.core.validators.RegexValidator('\\Ahttps?://[^\\s/?#@]+(/[^\\s?#]*)?\\Z', 'This is no http:// or https:// address.')], verbose_name='address to stop it')),
                ('authorization', accounts.encryption.EncryptedTextField(blank=True, help_text='The header that these addresses want, e.g. “Bearer …”. Kept encrypted and never shown again.', verbose_name='authorization')),
                ('command', models.CharField(blank=True, max_length=500, verbose_name='command')),
                ('state', models.CharField(choices=[('new', 'not known yet'), ('asleep', 'asleep'), ('waking', 'waking'), ('awake', 'awake'), ('stopping', 'stopping')], default='new', editable=False, max_length=10, verbose_name='state')),
                ('since', models.DateTimeField(editable=False, null=True)),
                ('hooked_at', models.DateTimeField(editable=False, null=True)),
                ('is_hooked', models.BooleanField(default=False, editable=False)),
                ('demanded_at', models.DateTimeField(editable=False, null=True)),
                ('retry_at', models.DateTimeField(editable=False, null=True)),
                ('problem', models.CharField(blank=True, editable=False, max_length=200, verbose_name='problem')),
                ('wakes', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveIntegerField(), default=list, editable=False, size=None)),
                ('upstream', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='hours', to='gateway.upstream')),
            ],
            options={
                'verbose_name': 'server hours',
                'verbose_name_plural': 'server hours',
            },
        ),
        migrations.RunSQL((SQL / "ledger.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL(TELL, migrations.RunSQL.noop),
    ]
