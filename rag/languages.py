"""Which PostgreSQL text search configuration reads a language."""

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


def configuration(language: str) -> str:
    return CONFIGURATIONS.get(language, UNSURE)


def name_of(language: str) -> str:
    """In the reader's own language."""
    try:
        return str(get_language_info(language)["name_translated"])
    except KeyError:
        return language
