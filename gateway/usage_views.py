"""A person's own usage. Nobody else's is found here."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.signing_in import person, sign_in_required
from gateway import own_usage


@sign_in_required
@require_GET
def usage(request: HttpRequest) -> HttpResponse:
    user = person(request)
    months = own_usage.months(user)
    first = own_usage.chosen(request.GET.get("month", ""), [month for month, _calls, _tokens in months])
    context = {"month": own_usage.month(user, first), "months": months, "balances": own_usage.balances(user)}
    return render(request, "gateway/usage.html", context)
