"""Transcriptions: what may be said in the form beside the recording. All of its values are texts."""

import math
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy

from gateway.metering import Estimate
from gateway.models import Deployment
from gateway.requests.fields import TEXT, Body, Field, allowed

BYTES_PER_TOKEN = 1600  # of a recording whose server counts nothing: 10 a second, as MP3 of 128 kbit/s
LONGEST_CODE = 35  # letters of a language's code
GRANULARITIES = "timestamp_granularities[]"
JSON_FORMATS = ("json", "verbose_json")
FORMATS = (*JSON_FORMATS, "text", "srt", "vtt")


def _is_code(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_CODE


def _is_share(value: Any) -> bool:
    try:
        return 0 <= float(value) <= 1
    except (TypeError, ValueError):
        return False


TRANSCRIPTION: dict[str, Field] = {
    "model": TEXT,
    "language": Field(
        lambda value: isinstance(value, str) and len(value) <= 35, gettext_lazy("the code of a language")
    ),
    "prompt": TEXT,
    "response_format": Field(lambda value: value in FORMATS, ", ".join(FORMATS)),
    "temperature": Field(_is_share, gettext_lazy("a number from 0 to 1")),
    GRANULARITIES: Field(lambda value: set(value) <= {"word", "segment"}, gettext_lazy("“word” or “segment”")),
    "stream": Field(lambda value: value == "false", "false"),
}


def transcription(form: Body) -> Body:
    """The fields of the form, checked; raises InvalidRequest. An empty one is none."""
    found = allowed({name: value for name, value in form.items() if value not in ("", [])}, TRANSCRIPTION)
    found.pop("stream", None)
    return found


def estimate_transcription(size: int, deployments: Sequence[Deployment]) -> Estimate:
    return Estimate(math.ceil(size / BYTES_PER_TOKEN), None)
