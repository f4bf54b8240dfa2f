from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rag", "0012_wall_planned_quickly")]

    operations = [
        migrations.AddIndex("document", models.Index(fields=["collection", "-created_at"], name="document_newest")),
        migrations.AddIndex(
            "document", models.Index(fields=["collection", "folder", "name"], name="document_by_name")
        ),
    ]
