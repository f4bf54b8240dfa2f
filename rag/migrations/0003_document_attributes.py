from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rag", "0002_pages_have_kinds")]

    operations = [
        migrations.AddField(
            model_name="document",
            name="attributes",
            field=models.JSONField(blank=True, default=dict, help_text="what a search may be narrowed by"),
        ),
    ]
