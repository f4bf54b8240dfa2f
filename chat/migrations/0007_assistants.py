import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_team_rights'),
        ('chat', '0006_tree'),
        ('rag', '0008_files_of_scripts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='assistant',
            field=models.CharField(blank=True, help_text='name of the assistant as which it answered', max_length=100),
        ),
        migrations.CreateModel(
            name='Assistant',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('everyone', models.BooleanField(default=False, help_text='whoever is signed in')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='changed')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('slug', models.SlugField(editable=False, max_length=70, unique=True)),
                ('description', models.CharField(blank=True, help_text='What it is good for: everyone who may use it reads it.', max_length=500, verbose_name='description')),
                ('instructions', models.TextField(blank=True, help_text='What it is to do and how, in your words. Everyone who may use it can read them.', max_length=8000, verbose_name='instructions')),
                ('model', models.CharField(blank=True, max_length=200, verbose_name='model')),
                ('temperature', models.FloatField(blank=True, help_text='From 0 (always the likeliest word) to 2. Empty: as set for the model.', null=True, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(2)], verbose_name='temperature')),
                ('starters', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list, size=None, verbose_name='starter questions')),
                ('collections', models.ManyToManyField(blank=True, related_name='assistants', to='rag.collection', verbose_name='collections')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('people', models.ManyToManyField(blank=True, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('teams', models.ManyToManyField(blank=True, related_name='+', to='accounts.team')),
            ],
            options={
                'verbose_name': 'assistant',
                'verbose_name_plural': 'assistants',
                'ordering': ['name', 'id'],
            },
        ),
        migrations.AddField(
            model_name='conversation',
            name='assistant',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='conversations', to='chat.assistant'),
        ),
    ]
