"""Search in the knowledge as such, and a look at what an answer would be drawn from. No chat model is asked."""

from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.signing_in import person, sign_in_required
from gateway.callers import Caller
from rag import searching
from rag.forms import SearchForm
from rag.models import Collection, CollectionQuerySet
from rag.searching import Results
from rag.views import managed, visible


@sign_in_required
@require_GET
async def search(request: HttpRequest) -> HttpResponse:
    """In all that the person sees and that is still valid."""
    user = await sync_to_async(person)(request)
    valid = Collection.objects.visible_to(user).knowledge().valid()
    return await _search(request, valid, {"ended_are_left_out": True})


@sign_in_required
@require_GET
async def search_collection(request: HttpRequest, pk: str) -> HttpResponse:
    collection = await sync_to_async(visible)(request, pk)
    return await _search(request, Collection.objects.filter(pk=pk), {"collection": collection})


@sign_in_required
@require_GET
async def try_out(request: HttpRequest, pk: str) -> HttpResponse:
    collection = await sync_to_async(managed)(request, pk)
    form = SearchForm(request.GET)
    results: Results | None = None
    if form.is_valid() and (question := form.cleaned_data["q"]):
        same = Collection.objects.filter(pk=pk)
        caller = Caller(person(request), keeps_in_house=collection.is_confidential)
        results = await searching.what_a_model_gets(caller, question, same)
    context = {"collection": collection, "form": form, "question": form.cleaned_data.get("q", ""), "results": results}
    return await sync_to_async(_page)(request, "rag/try_out.html", context)


async def _search(request: HttpRequest, collections: CollectionQuerySet, context: dict[str, Any]) -> HttpResponse:
    form = SearchForm(request.GET)
    results: Results | None = None
    if form.is_valid() and (question := form.cleaned_data["q"]):
        page = form.cleaned_data["page"] or 1
        caller = Caller(person(request), keeps_in_house=await collections.confidential().aexists())
        filters = await sync_to_async(form.filters)(collections)
        results = await searching.search(caller, question, collections, page, filters)
    query = request.GET.copy()
    query.pop("page", None)
    context |= {"form": form, "question": form.cleaned_data.get("q", ""), "results": results}
    return await sync_to_async(_page)(request, "rag/search.html", context | {"query": query.urlencode()})


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    if (collection := context.get("collection")) is not None:
        context["has_ready"] = collection.documents.filter(content__isnull=False).exists()
        same = Collection.objects.filter(pk=collection.pk)
        context["can_manage"] = same.managed_by(person(request)).exists()
    return render(request, template, context)
