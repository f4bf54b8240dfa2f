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
KINDS: dict[str, tuple[dict[str, Field], tuple[str, ...]]] = {  # with what each needs
    "function": (FUNCTION, ("name",)),
    "file_search": (FILE_SEARCH, ("vector_store_ids",)),
}
RESULTS = "file_search_call.results"


def of_chat(given: Body) -> Body:
    """The fields of a chat completion that offer the functions."""
    chosen = choice(given)
    functions = [{"type": "function", "function": tool} for tool in _functions(given)]
    if not functions:
        return {}
    if isinstance(chosen, dict):
        is_function = chosen["type"] == "function"
        chosen = {"type": "function", "function": {"name": chosen["name"]}} if is_function else None
    return {"tools": functions} | ({"tool_choice": chosen} if chosen else {})


def relayed(given: Body) -> Body:
    """The same for a server that knows responses itself."""
    functions = [{"type": "function"} | tool for tool in _functions(given)]
    chosen = choice(given)
    return ({"tools": functions} if functions else {}) | ({"tool_choice": chosen} if functions and chosen else {})


def _functions(given: Body) -> list[Body]:
    """Those that the model may call."""
    functions = [tool for _, kind, tool in _tools(given) if kind == "function"]
    match given.get("tool_choice"):
        case {"type": "allowed_tools", "tools": list(allowed)}:
            named = [tool.get("name") for tool in allowed if isinstance(tool, dict)]
            return [tool for tool in functions if tool["name"] in named]
    return functions


def file_search(body: Body) -> tuple[str, Body] | None:
    """Where a checked request asks for a search, and what of it; None if it does not, or chooses no tool."""
    searches = [(path, tool) for path, kind, tool in _tools(body) if kind == "file_search"]
    if len(searches) > 1:
        raise unsupported(searches[1][0], _("One search of files is enough; name all stores in it."))
    return searches[0] if searches and body.get("tool_choice") != "none" else None


def choice(given: Body) -> str | Body | None:
    match chosen := given.get("tool_choice"):
        case {"type": "function"}:
            return {"type": "function"} | checked(chosen, {"name": TEXT}, "tool_choice", ("name",))
        case {"type": "file_search"} if any(kind == "file_search" for _, kind, _ in _tools(given)):
            return {"type": "file_search"}
        case {"type": "allowed_tools", "mode": "auto" | "required" as mode, "tools": list()}:
            return str(mode)
        case None | str() if chosen in (None, *CHOICES):
            return chosen
    raise invalid("tool_choice", _("%(words)s or a function") % {"words": ", ".join(CHOICES)})


def repeated(given: Body) -> list[Body]:
    missing = {"function": NO_FUNCTION, "file_search": {"filters": None, "ranking_options": None}}
    return [{"type": kind} | missing[kind] | tool for _, kind, tool in _tools(given)]


def wants_results(body: Body) -> bool:
    return RESULTS in (body.get("include") or ())


def tools_left_out(given: Body) -> list[str]:
    """Where tools stand that nobody here has, like a search of the web: agents offer them unasked, and do without."""
    return [f"tools[{i}]" for i, tool in enumerate(given.get("tools") or ()) if _is_unknown(tool)]


def _is_unknown(tool: Any) -> bool:
    return isinstance(tool, dict) and isinstance(kind := tool.get("type"), str) and kind not in KINDS


def _tools(given: Body) -> list[tuple[str, str, Body]]:
    """Where each stands, its kind, and what it says."""
    found = enumerate(given.get("tools") or ())
    return [_tool(tool, f"tools[{i}]") for i, tool in found if not _is_unknown(tool)]


def _tool(tool: Any, path: str) -> tuple[str, str, Body]:
    kind = tool.get("type") if isinstance(tool, dict) else "function"
    if not isinstance(kind, str) or kind not in KINDS:
        raise invalid(f"{path}.type", ", ".join(KINDS))
    fields, needed = KINDS[kind]
    return path, kind, checked(tool, fields, path, needed)
