
import accounts.encryption
import django.core.validators
import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('gateway', '0005_model_card'),
    ]

    operations = [
        migrations.AddField(
            model_name='deployment',
            name='api_input_price',
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=12, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='at an API: a million tokens in'),
        ),
        migrations.AddField(
            model_name='deployment',
            name='api_output_price',
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=12, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='at an API: a million tokens out'),
        ),
        migrations.CreateModel(
            name='CallEnergy',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('started_at', models.DateTimeField()),
                ('joules', models.FloatField(default=0)),
                ('seconds', models.FloatField(default=0)),
                ('is_shared', models.BooleanField(default=False)),
                ('is_final', models.BooleanField(default=False)),
                ('energy', models.PositiveBigIntegerField(null=True)),
            ],
            options={
                'verbose_name': 'measured energy of a call',
                'verbose_name_plural': 'measured energy of calls',
                'indexes': [models.Index(fields=['started_at'], name='call_energy_by_time'), models.Index(condition=models.Q(('is_final', False)), fields=['id'], name='call_energy_open')],
            },
        ),
        migrations.CreateModel(
            name='EnergyHour',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('start', models.DateTimeField(verbose_name='from')),
                ('upstream_id', models.BigIntegerField()),
                ('upstream_name', models.CharField(max_length=100, verbose_name='upstream')),
                ('method', models.CharField(choices=[('none', 'not known'), ('stated', 'stated'), ('measured', 'measured')], max_length=10, verbose_name='method')),
                ('joules', models.FloatField(default=0)),
                ('idle_joules', models.FloatField(default=0)),
                ('seconds', models.FloatField(default=0)),
                ('busy_seconds', models.FloatField(default=0)),
            ],
            options={
                'verbose_name': 'energy of an hour',
                'verbose_name_plural': 'energy of hours',
                'ordering': ['-start'],
                'constraints': [models.UniqueConstraint(fields=('start', 'upstream_id', 'method'), name='energy_hour_once')],
            },
        ),
        migrations.CreateModel(
            name='EnergyRules',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('grid_grams', models.DecimalField(blank=True, decimal_places=2, help_text='Your supplier states it on each bill.', max_digits=7, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='CO₂ of the power (g/kWh)')),
                ('kwh_price', models.DecimalField(blank=True, decimal_places=4, max_digits=8, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='price of a kilowatt hour')),
            ],
            options={
                'verbose_name': 'power of the house',
                'verbose_name_plural': 'power of the house',
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='energy_rules_once')],
            },
        ),
        migrations.CreateModel(
            name='PowerMeter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(choices=[('stated', 'by the stated power; without one, not at all'), ('metrics', 'a page of metrics: DCGM exporter, our helper on its machine, or another'), ('promql', 'a query to Prometheus')], default='stated', max_length=10, verbose_name='how energy is known')),
                ('address', models.CharField(blank=True, help_text='E.g. http://gpu.example.org:9835/metrics, or http://prometheus.example.org:9090 for a query.', max_length=500, validators=[django.core.validators.RegexValidator('\\Ahttps?://[^\\s/?#@]+(/[^\\s?#]*)?\\Z', 'This is no http:// or https:// address.')], verbose_name='address of the meter')),
                ('authorization', accounts.encryption.EncryptedTextField(blank=True, help_text='The header that the meter wants, e.g. “Bearer …”. Kept encrypted and never shown again.', verbose_name='authorization')),
                ('metric', models.CharField(blank=True, help_text='Empty: what our helper and the DCGM exporter call it. For Prometheus a query in PromQL.', max_length=500, verbose_name='metric or query')),
                ('unit', models.CharField(blank=True, choices=[('J', 'joules, counted up'), ('mJ', 'millijoules, counted up'), ('Wh', 'watt hours, counted up'), ('kWh', 'kilowatt hours, counted up'), ('W', 'watts, now'), ('mW', 'milliwatts, now')], help_text='Needed for a metric or query of your own.', max_length=3, verbose_name='unit')),
                ('only', models.CharField(blank=True, help_text='Ids of GPUs, parted by commas, where others on the same machine serve something else.', max_length=500, verbose_name='only these')),
                ('idle_watts', models.PositiveIntegerField(blank=True, help_text='What it draws while nobody asks. Charged to nobody, and shown as idle.', null=True, verbose_name='power when idle (W)')),
                ('grid_grams', models.DecimalField(blank=True, decimal_places=2, help_text='Where it differs from that of the house.', max_digits=7, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='CO₂ of its power (g/kWh)')),
                ('hour_price', models.DecimalField(blank=True, decimal_places=4, help_text='Its rent, power included.', max_digits=10, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='price of an hour that it is on')),
                ('month_price', models.DecimalField(blank=True, decimal_places=2, max_digits=10, help_text='What it costs by the month, without its power.', null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='price of a month, on or off')),
                ('readings', models.JSONField(default=dict, editable=False)),
                ('read_at', models.DateTimeField(editable=False, null=True, verbose_name='last read')),
                ('idle_learned', models.FloatField(editable=False, null=True)),
                ('problem', models.CharField(blank=True, editable=False, max_length=200, verbose_name='problem')),
                ('problem_since', models.DateTimeField(editable=False, null=True)),
                ('upstream', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='power_meter', to='gateway.upstream')),
            ],
            options={
                'verbose_name': 'energy meter',
                'verbose_name_plural': 'energy meters',
            },
        ),
    ]
