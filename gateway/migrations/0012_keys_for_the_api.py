import django.contrib.postgres.fields
from django.db import migrations, models

import gateway.models.keys

WATCHED = "user_id, digest, former_digest, former_until, scopes, model_names, {origins}expires_at, revoked_at"
TELL = """
    CREATE OR REPLACE TRIGGER gateway_tell_change
    AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF %s ON gateway_apikey
    FOR EACH STATEMENT EXECUTE FUNCTION gateway_tell_change()"""


class Migration(migrations.Migration):

    dependencies = [
        ('gateway', '0010_webhooks'),
    ]

    operations = [
        migrations.AddField(
            model_name='apikey',
            name='origins',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200, validators=[gateway.models.keys.an_origin]), blank=True, default=list, help_text='Addresses of sites whose scripts may use it in a browser, separated by commas. Whoever opens such a page can read the key there.', size=None, verbose_name='web pages'),
        ),
        migrations.AlterField(
            model_name='apikey',
            name='scopes',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('chat', 'ask language models'), ('embeddings', 'embed and rerank texts'), ('audio', 'transcribe speech'), ('documents-read', 'search and read documents'), ('documents-write', 'add and delete documents'), ('usage', 'see what was used'), ('admin', 'manage this house, as far as its owner may')], max_length=30), blank=True, default=gateway.models.keys.every_scope, size=None, verbose_name='scopes'),
        ),
        # a site that is taken off a key is refused at once, like a key that is revoked
        migrations.RunSQL(TELL % WATCHED.format(origins="origins, "), TELL % WATCHED.format(origins="")),
    ]
