from functools import cache

import py3langid.langid as langid

SAMPLE = 20_000  # characters
CERTAIN = 0.9
SHORTEST = 40  # letters; below that every guess is one


def detected(text: str, languages: list[str]) -> str:
    """The language of the text as ISO 639-1, or an empty string where that is unsure."""
    middle = max(0, len(text) // 2 - SAMPLE // 2)
    sample = text[middle : middle + SAMPLE]
    if sum(character.isalpha() for character in sample) < SHORTEST:
        return ""
    language, certainty = _identifier().classify(sample)
    return language if certainty >= CERTAIN and language in languages else ""


@cache
def _identifier() -> langid.LanguageIdentifier:
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
