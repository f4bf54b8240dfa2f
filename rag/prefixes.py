"""What known embedding models expect before a question and before a passage, as their cards say. Pure."""

import re

ABOUT_PASSAGES = "Represent this sentence for searching relevant passages: "
TASK = "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:"

# the first that fits a model's name
KNOWN: tuple[tuple[re.Pattern[str], tuple[str, str]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), prefixes)
    for pattern, prefixes in {
        r"\be5\b.*(instruct|mistral)": (f"{TASK} ", ""),
        r"\be5\b|mxbai-embed-de": ("query: ", "passage: "),
        r"\bbge-(small|base|large)-en": (ABOUT_PASSAGES, ""),
        r"nomic-embed": ("search_query: ", "search_document: "),
        r"arctic-embed.*(v2|2\.0)|arctic-embed2": ("query: ", ""),
        r"arctic-embed|mxbai-embed": (ABOUT_PASSAGES, ""),
        r"qwen3-embedding": (TASK, ""),
        r"embedding-?gemma": ("task: search result | query: ", "title: none | text: "),
    }.items()
)


def prefixes_of(model: str) -> tuple[str, str]:
    """Before a question, before a passage; empty for a model that is not known to want any."""
    return next((prefixes for pattern, prefixes in KNOWN if pattern.search(model)), ("", ""))
