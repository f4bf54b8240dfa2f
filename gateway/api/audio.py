"""Recordings and what they say."""

import contextlib
from pathlib import Path

from django.utils.translation import gettext as _

from gateway import transcriptions
from gateway.api.endpoints import purpose_of, require_model, told
from gateway.api.forms import form_of
from gateway.api.http import Answer, Request
from gateway.callers import standing
from gateway.models import Scope
from gateway.requests import invalid
from gateway.transcriptions import Recording


async def create_transcription(request: Request) -> Answer:
    (await standing(request.caller)).allow(Scope.AUDIO)  # before a long recording arrives
    with contextlib.closing(await form_of(request)) as form:
        require_model(form.fields)
        file = form.files.get("file")
        if file is None or not file.size:
            raise invalid("file", _("a recording"))
        recording = Recording(Path(file.temporary_file_path()), file.size, Path(file.name or "").suffix)
        reply = await transcriptions.answer(
            request.caller, form.fields, recording, purpose=purpose_of(request), admitted=told(request)
        )
    return Answer(body=reply.raw, content_type=reply.content_type)
