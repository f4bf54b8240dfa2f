import os
import warnings

from celery import Celery
from celery.platforms import SecurityWarning

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# as root the worker warns of messages that carry code; ours carry JSON, and it accepts nothing else
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("voliere")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
