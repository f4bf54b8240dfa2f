"""The tools that a request offers: functions go to the model, a search of files comes before it."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateway.requests.fields import LIST, OBJECT, TEXT, TRUTH, Field, invalid, whole
from gateway.responses.checks import checked, unsupported

Body = dict[str, Any]

CHOICES = ("none", "auto", "required")
FUNCTION: dict[str, Field] = {"name": TEXT, "description": TEXT, "parameters": OBJECT, "strict": TRUTH}
NO_FUNCTION: Body = {"description": None, "parameters": None, "strict": None}
FILE_SEARCH: dict[str, Field] = {
    "vector_store_ids": LIST,
    "max_num_results": Field(whole(1, 50), gettext_lazy("a whole number from 1 to 50")),
    "filters": OBJECT,
    "ranking_options": OBJECT,
}
RESULTS = "file_search_call.results"


def of_chat(given: Body) -> Body:
    """The fields of a chat completion that offer the functions."""
    chosen = choice(given)
    functions = [{"type": "function", "function": tool} for kind, tool in _tools(given) if kind == "function"]
    if not functions:
        return {}
    if isinstance(chosen, dict):
        is_function = chosen["type"] == "function"
        chosen = {"type": "function", "function": {"name": chosen["name"]}} if is_function else None
    return {"tools": functions} | ({"tool_choice": chosen} if chosen else {})


def relayed(given: Body) -> Body:
    """The same for a server that knows responses itself."""
    functions = [{"type": "function"} | tool for kind, tool in _tools(given) if kind == "function"]
    chosen = choice(given)
    return ({"tools": functions} if functions else {}) | ({"tool_choice": chosen} if functions and chosen else {})


def file_search(body: Body) -> tuple[str, Body] | None:
    """Where a checked request asks for a search, and what of it; None if it does not, or chooses no tool."""
    searches = [(i, tool) for i, (kind, tool) in enumerate(_tools(body)) if kind == "file_search"]
    if len(searches) > 1:
        raise unsupported(f"tools[{searches[1][0]}]", _("One search of files is enough; name all stores in it."))
    if not searches or body.get("tool_choice") == "none":
        return None
    return f"tools[{searches[0][0]}]", searches[0][1]


def choice(given: Body) -> str | Body | None:
    chosen = given.get("tool_choice")
    if isinstance(chosen, dict) and chosen.get("type") == "function":
        return {"type": "function"} | checked(chosen, {"name": TEXT}, "tool_choice", ("name",))
    if isinstance(chosen, dict) and chosen.get("type") == "file_search" and "file_search" in dict(_tools(given)):
        return {"type": "file_search"}
    if chosen is not None and chosen not in CHOICES:
        raise invalid("tool_choice", _("%(words)s or a function") % {"words": ", ".join(CHOICES)})
    return chosen


def repeated(given: Body) -> list[Body]:
    missing = {"function": NO_FUNCTION, "file_search": {"filters": None, "ranking_options": None}}
    return [{"type": kind} | missing[kind] | tool for kind, tool in _tools(given)]


def wants_results(body: Body) -> bool:
    return RESULTS in (body.get("include") or ())


def _tools(given: Body) -> list[tuple[str, Body]]:
    return [_tool(tool, f"tools[{i}]") for i, tool in enumerate(given.get("tools") or ())]


def _tool(tool: Any, path: str) -> tuple[str, Body]:
    kind = tool.get("type") if isinstance(tool, dict) else "function"
    if kind == "function":
        return kind, checked(tool, FUNCTION, path, ("name",))
    if kind == "file_search":
        return kind, checked(tool, FILE_SEARCH, path, ("vector_store_ids",))
    raise unsupported(f"{path}.type", _("Only tools of the types “function” and “file_search” are supported."))
