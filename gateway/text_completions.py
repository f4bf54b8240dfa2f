"""Completions of a plain text, the older form: relayed and metered like those of a chat."""

from typing import Any

from gateway import requests
from gateway.completions import Form


def _said(choice: dict[str, Any]) -> str:
    text = choice.get("text")
    return text if isinstance(text, str) else ""


TEXT = Form("/completions", requests.estimate_text_completion, _said, "cmpl-", "text_completion", "text_completion")
