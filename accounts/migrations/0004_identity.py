from pathlib import Path

import accounts.audit
import accounts.encryption
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_preferences_and_memory'),
    ]

    operations = [
        migrations.CreateModel(
            name='IdentityProvider',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='As on the button: “Sign in with …”.', max_length=100, verbose_name='name')),
                ('slug', models.SlugField(help_text='Part of the addresses that are entered at the provider. It stays as it is.', max_length=40, unique=True, verbose_name='short name')),
                ('issuer', models.CharField(help_text='For Keycloak: https://keycloak.example.org/realms/NAME', max_length=500, validators=[django.core.validators.RegexValidator('\\A(https://[^\\s/?#@]+|http://(localhost|127\\.0\\.0\\.1)(:\\d+)?)(/[^\\s?#]*)?\\Z', 'This is no https:// address.')], verbose_name='issuer')),
                ('client_id', models.CharField(max_length=200, verbose_name='client id')),
                ('client_secret', accounts.encryption.EncryptedTextField(blank=True, help_text='Kept encrypted and never shown again.', verbose_name='client secret')),
                ('group_claim', models.CharField(blank=True, default='groups', help_text='Of the id token.', max_length=100, verbose_name='claim with groups')),
                ('admits_new', models.BooleanField(default=True, help_text='Who signs in for the first time gets an account.', verbose_name='admits new people')),
                ('has_second_factor', models.BooleanField(default=False, help_text='Who comes from there needs none here.', verbose_name='asks for a second factor itself')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
            ],
            options={
                'verbose_name': 'identity provider',
                'verbose_name_plural': 'identity providers',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_index=True, default=django.utils.timezone.now, editable=False, verbose_name='time')),
                ('kind', models.CharField(choices=accounts.audit.kinds, max_length=30, verbose_name='kind')),
                ('object_kind', models.CharField(blank=True, max_length=60, verbose_name='what')),
                ('object_id', models.CharField(blank=True, db_index=True, max_length=64, verbose_name='which')),
                ('outcome', models.CharField(choices=[('done', 'done'), ('refused', 'refused')], default='done', max_length=10, verbose_name='outcome')),
                ('detail', models.CharField(blank=True, max_length=200, verbose_name='detail')),
                ('address', models.GenericIPAddressField(null=True, verbose_name='address')),
                ('request_id', models.CharField(blank=True, max_length=64, verbose_name='request')),
                ('actor', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who')),
            ],
            options={
                'verbose_name': 'event',
                'verbose_name_plural': 'audit log',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='HouseRules',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('second_factor_for', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('member', 'Member'), ('auditor', 'Auditor'), ('admin', 'Admin'), ('lead', 'Team lead')], max_length=10), blank=True, default=list, help_text='Who has none is led to set one up before anything else.', size=None, verbose_name='second factor required for')),
                ('open_sign_up', models.BooleanField(default=False, help_text='Anyone who reaches this page may create an account.', verbose_name='open sign-up')),
                ('invitation_days', models.PositiveSmallIntegerField(default=7, verbose_name='an invitation is valid for (days)')),
            ],
            options={
                'verbose_name': 'sign-in',
                'verbose_name_plural': 'sign-in',
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='house_rules_once')],
            },
        ),
        migrations.CreateModel(
            name='GroupMapping',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('group', models.CharField(help_text='As the claim has it, e.g. /board', max_length=200, verbose_name='group')),
                ('role', models.CharField(choices=[('member', 'Member'), ('lead', 'Lead')], default='member', max_length=10, verbose_name='role in the team')),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='accounts.team', verbose_name='team')),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='groups', to='accounts.identityprovider', verbose_name='identity provider')),
            ],
            options={
                'verbose_name': 'group',
                'verbose_name_plural': 'groups',
                'constraints': [models.UniqueConstraint(fields=('provider', 'group', 'team'), name='group_mapped_once')],
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('email', models.EmailField(blank=True, help_text='Empty: whoever has the link names their own address.', max_length=254, verbose_name='email')),
                ('role', models.CharField(choices=[('member', 'Member'), ('auditor', 'Auditor'), ('admin', 'Admin')], default='member', max_length=10, verbose_name='role')),
                ('team_role', models.CharField(choices=[('member', 'Member'), ('lead', 'Lead')], default='member', max_length=10, verbose_name='role in the team')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('expires_at', models.DateTimeField(verbose_name='expires')),
                ('accepted_at', models.DateTimeField(null=True, verbose_name='accepted')),
                ('revoked_at', models.DateTimeField(null=True, verbose_name='revoked')),
                ('accepted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='accepted by')),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by')),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.team', verbose_name='team')),
            ],
            options={
                'verbose_name': 'invitation',
                'verbose_name_plural': 'invitations',
                'ordering': ['-created_at'],
                'constraints': [models.CheckConstraint(condition=models.Q(('accepted_at', None), ('revoked_at', None), _connector='OR'), name='invitation_has_one_end')],
            },
        ),
        migrations.RunSQL((SQL / "audit.sql").read_text(), "DROP FUNCTION accounts_audit_stays CASCADE"),
    ]
