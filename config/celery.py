import os
import warnings

from celery import Celery
from celery.platforms import SecurityWarning

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# on root, who could be harmed by tasks that carry code: ours carry JSON
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("voliere")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
