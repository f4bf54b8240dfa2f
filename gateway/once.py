"""A form whose answer shows a secret does its deed once: whoever reloads that answer sends the form again."""

import secrets
from functools import partial

from django import forms
from django.http import HttpRequest

DONE = "forms_done"  # in the session: the words of the last forms that did what they were for
KEPT = 20
LENGTH = 12


class OnceField(forms.CharField):
    """A word of its own for every page that shows the form."""

    def __init__(self) -> None:
        word = partial(secrets.token_urlsafe, LENGTH * 3 // 4)
        super().__init__(required=False, initial=word, widget=forms.HiddenInput)


def is_done(request: HttpRequest) -> bool:
    return _word(request) in request.session.get(DONE, [])


def note(request: HttpRequest) -> None:
    if word := _word(request):
        request.session[DONE] = [*request.session.get(DONE, []), word][-KEPT:]


def _word(request: HttpRequest) -> str:
    return request.POST.get("once", "")[:LENGTH]
