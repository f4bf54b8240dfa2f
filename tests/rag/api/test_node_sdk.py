"""OpenAI's client for Node.js before our files and stores."""

import json
import subprocess

import openai
import pytest

from tests.gateway.test_node_sdk import FOLDER, node

__all__ = ["node"]


@pytest.mark.usefixtures("worker")
def test_it_uploads_polls_searches_and_asks(node: str, address: str, sdk: openai.OpenAI) -> None:
    command = [node, "documents.mjs", address, sdk.api_key]
    assert json.loads(subprocess.check_output(command, cwd=FOLDER, timeout=120)) == {
        "uploaded": "completed",
        "batch": 1,
        "found": "garten.txt",
        "listed": 2,
        "content": "Haus",
        "answer": ["file_search_call", "message"],
        "deleted": True,
    }
