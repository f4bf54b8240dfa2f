"""What is done with one message: another version, another branch, an opinion, a conversation of its own.

As everywhere, each works as a plain form and, asked for JSON by the page's script, without leaving the page.
"""

from uuid import UUID

from asgiref.sync import async_to_sync, sync_to_async
from django.contrib import messages as notices
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.signing_in import sign_in_required, wants_json
from chat import asking, comparing, continuing, events, forking, versions
from chat.exceptions import ChatError
from chat.forms import EditForm, OpinionForm, RegenerateForm
from chat.models import Message
from chat.views import begin, find, refusal


def find_message(request: HttpRequest, conversation: UUID, message: UUID) -> Message:
    found = find(request, conversation)
    return get_object_or_404(found.messages.select_related("parent", "conversation__owner"), id=message)


def find_answer(request: HttpRequest, conversation: UUID, message: UUID) -> Message:
    """One that ended."""
    found = find_message(request, conversation, message)
    if found.role != Message.Role.ASSISTANT or found.is_running:
        raise Http404
    return found


@sign_in_required
@require_http_methods(["GET", "POST"])
async def regenerate(request: HttpRequest, conversation: UUID, message: UUID) -> HttpResponse:
    found = await sync_to_async(find_message)(request, conversation, message)
    if request.method == "GET":
        return await sync_to_async(_models)(request, found)
    try:
        shown = await sync_to_async(RegenerateForm(request.POST).regenerate)(found)
    except ChatError as error:
        return refusal(request, error, found.get_absolute_url())
    return await begin(request, shown)


def _models(request: HttpRequest, message: Message) -> HttpResponse:
    models = versions.offered(message.conversation.owner)
    may_compare = message.role == Message.Role.ASSISTANT and comparing.may_be_compared(message)
    context = {"message": message, "models": models, "may_compare": may_compare}
    return render(request, "chat/regenerate.html", context)


@sign_in_required
@require_POST
async def go_on(request: HttpRequest, conversation: UUID, message: UUID) -> HttpResponse:
    found = await sync_to_async(find_answer)(request, conversation, message)
    try:
        answer = await sync_to_async(continuing.resume)(found)
    except ChatError as error:
        return refusal(request, error, found.get_absolute_url())
    return await begin(request, [answer])


@sign_in_required
@require_http_methods(["GET", "POST"])
async def edit(request: HttpRequest, conversation: UUID, message: UUID) -> HttpResponse:
    found = await sync_to_async(find_message)(request, conversation, message)
    if request.method == "GET":
        return await sync_to_async(_editor)(request, found)
    text = EditForm(request.POST).text
    try:
        if found.role == Message.Role.USER:
            return await begin(request, list(await sync_to_async(versions.ask_anew)(found, text)))
        version = await sync_to_async(versions.rewrite)(found, text)
    except ChatError as error:
        return refusal(request, error, found.get_absolute_url())
    return await sync_to_async(_shown)(request, version)


def _editor(request: HttpRequest, message: Message) -> HttpResponse:
    """The form alone for the page's script, which shows it in the message's place."""
    if not wants_json(request):
        return render(request, "chat/edit.html", {"message": message, "conversation": message.conversation})
    return JsonResponse({"html": render_to_string("chat/_edit_form.html", {"message": message}, request)})


@sign_in_required
@require_POST
def show(request: HttpRequest, conversation: UUID, message: UUID) -> HttpResponse:
    found = find_message(request, conversation, message)
    asking.show(found)
    return _shown(request, found)


@sign_in_required
@require_POST
def take(request: HttpRequest, conversation: UUID, message: UUID) -> HttpResponse:
    found = find_message(request, conversation, message)
    try:
        comparing.take(found)
    except ChatError as error:
        return refusal(request, error, found.conversation.get_absolute_url())
    return _shown(request, found)


def _shown(request: HttpRequest, message: Message) -> HttpResponse:
    """Every tab goes to its branch."""
    branch = {"type": "branch", "message": str(message.id)}
    async_to_sync(events.publish)(message.conversation_id, branch)
    return JsonResponse(branch) if wants_json(request) else redirect(message)


@sign_in_required
@require_POST
def opinion(request: HttpRequest, conversation: UUID, message: UUID) -> HttpResponse:
    found = find_answer(request, conversation, message)
    form = OpinionForm(request.POST)
    if form.is_valid():
        form.give(found)
    if not wants_json(request):
        return redirect(found)
    if not form.is_valid():
        return JsonResponse({"message": _("That did not work.")}, status=400)
    versions.prepare([found])
    return JsonResponse({"html": render_to_string("chat/_actions.html", {"message": found}, request)})


@sign_in_required
@require_POST
def fork(request: HttpRequest, conversation: UUID, message: UUID) -> HttpResponse:
    found = find_message(request, conversation, message)
    try:
        own, refused = forking.fork(found)
    except ChatError as error:
        return refusal(request, error, found.get_absolute_url())
    notices.success(request, _("This is a copy up to the message you chose. What you write here stays here."))
    if refused:
        names = ", ".join(refused)
        notices.warning(request, _("These files could not be copied; attach them again: %(names)s") % {"names": names})
    return JsonResponse({"url": own.get_absolute_url()}, status=201) if wants_json(request) else redirect(own)
