import os
import subprocess
import sys

from django.conf import settings

from rag.parsers.reading import READERS

HEAVY = [
    *("torch", "sentence_transformers", "numpy", "py3langid"),
    *("pypdfium2", "docx", "pptx", "openpyxl", "lxml", "selectolax", "PIL"),
]
LOADED = """
import sys
import django
django.setup()
import rag.admin, rag.tasks, rag.urls
print(*(name for name in {heavy} if name in sys.modules))
"""


def test_neither_pages_nor_tasks_load_a_parser_or_a_model() -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-c", LOADED.format(heavy=HEAVY)]
    run = subprocess.run(command, env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_a_parser_loads_no_django() -> None:
    modules = {f"rag.parsers.{module}" for module, _ in READERS.values()} | {"rag.parsers.recognition"}
    code = f"import sys, rag.parsers.language, {', '.join(modules)}; print('django' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "False"
