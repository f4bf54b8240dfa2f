from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0004_history'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='reasoning',
            field=models.TextField(blank=True, help_text='what a model thought before it answered; never sent to one again'),
        ),
        migrations.AddField(
            model_name='message',
            name='thinking_seconds',
            field=models.PositiveIntegerField(help_text='how long it thought', null=True),
        ),
        migrations.AlterField(
            model_name='message',
            name='event',
            field=models.PositiveIntegerField(default=0, help_text='number of the last event contained in the texts'),
        ),
    ]
