"""What the documentation shows works as it is written there, with the model server that comes along."""

import contextlib
import io
import re
from pathlib import Path

import openai
import pytest
from django.conf import settings

from accounts.models import User
from gateway import upstreams
from gateway.models import ApiKey, Deployment, Upstream
from tests.gateway.serving import in_this_process
from tests.inference.conftest import KEY, Server, server

__all__ = ["server"]


@pytest.mark.usefixtures("transactional_db", "worker")
def test_the_example_answers_with_citations(server: Server, alice: User) -> None:
    upstream = Upstream.objects.create(name="inference", base_url=f"{server.url}/v1", api_key=KEY)
    upstreams.discover(upstream)
    Deployment.objects.update(is_default=True)
    [example] = re.findall(r"```python\n(store = .*?)```", Path(settings.BASE_DIR, "docs/gateway.md").read_text(), re.S)
    with in_this_process() as url, contextlib.redirect_stdout(io.StringIO()) as printed:
        client = openai.OpenAI(base_url=f"{url}/v1", api_key=ApiKey.create(alice, "script")[1])
        exec(example, {"client": client, "model": "librarian"})  # noqa: S102  (our own page)
    text = printed.getvalue().rstrip()
    assert text.startswith("rules.txt The aviary opens at nine. Dogs stay outside.\n")
    assert text.count("[1]") == 2 and "['rules.txt']" in text
    assert text.endswith("The aviary opens at nine. Dogs stay outside."), "the text of the first source"
