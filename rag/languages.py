"""Which PostgreSQL text search configuration reads a language, and how far its meaning is trusted."""

from django.utils.translation import get_language_info

CONFIGURATIONS = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
UNSURE = "simple"

# How much of a passage's score is its meaning, the rest its words. Measured with all-MiniLM-L6-v2 on XQuAD:
# English is best at 0.5 (nDCG@10 0.978; 0.3: 0.973), German at 0.3 (0.949; 0.5: 0.932). Others are read as German is.
# `python -m bench.retrieval` watches over it: 0.979 and 0.947 through the whole product.
MEANING_WEIGHTS = {"english": 0.5}
MEANING_WEIGHT = 0.3


def configuration(language: str) -> str:
    return CONFIGURATIONS.get(language, UNSURE)


def name_of(language: str) -> str:
    """In the reader's own language."""
    try:
        return str(get_language_info(language)["name_translated"])
    except KeyError:
        return language
