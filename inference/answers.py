"""The librarian's words, in Markdown. Quotations are shown as they stand: nothing in them is active Markdown."""

import re
from collections.abc import Sequence
from itertools import groupby

from inference.language import Language
from inference.ranking import Sentence
from inference.sources import Source

MAX_NAMED = 5  # titles listed when nothing was found

ACTIVE = re.compile(r"[\\`*\[\]<~]|(?<!\w)_|_(?!\w)|&(?=#?\w+;)")
ACTIVE_AT_START = re.compile(r"^(?:(\d{1,9})([.)])|([#>+=|:-]))")

PHRASES = {
    "en": {
        "found": "This is what the documents say:",
        "nearest": "The documents do not plainly answer this. What comes nearest:",
        "overview": "I cannot summarise, but these sentences stand at the centre of the documents:",
        "page": "page",
        "slide": "slide",
        "sheet": "sheet",
        "section": "section",
        "and": "and",
        "nothing": "I found nothing that answers this in {passages} from {titles}. "
        "Other words might help, or another document or collection.",
        "passage": "the one passage I was given",
        "passages": "the {count} passages I was given",
        "nothing_given": "I searched the chosen documents and found no passage that fits this question. "
        "Other words might help, or another document or collection.",
        "signature": "The librarian answers with word-for-word quotations only; it is not a language model.",
        "welcome": "I am the librarian: I look up answers in your documents and quote them with their sources. "
        "Attach a document or choose a collection and ask again. For free conversation, "
        "your administrator can connect a model server.",
    },
    "de": {
        "found": "Das steht dazu in den Dokumenten:",
        "nearest": "Eine eindeutige Antwort steht nicht in den Dokumenten. Am nächsten kommt:",
        "overview": "Zusammenfassen kann ich nicht, aber diese Sätze stehen im Mittelpunkt der Dokumente:",
        "page": "Seite",
        "slide": "Folie",
        "sheet": "Tabellenblatt",
        "section": "Abschnitt",
        "and": "und",
        "nothing": "Ich habe in {passages} aus {titles} nichts gefunden, was diese Frage beantwortet. "
        "Vielleicht helfen andere Wörter, ein anderes Dokument oder eine andere Sammlung.",
        "passage": "der einen Textstelle, die mir vorliegt,",
        "passages": "den {count} Textstellen, die mir vorliegen,",
        "nothing_given": "Ich habe die gewählten Dokumente durchsucht und keine Textstelle gefunden, die zu dieser "
        "Frage passt. Vielleicht helfen andere Wörter, ein anderes Dokument oder eine andere Sammlung.",
        "signature": "Der Bibliothekar antwortet nur mit wörtlichen Zitaten; er ist kein Sprachmodell.",
        "welcome": "Ich bin der Bibliothekar: Ich schlage in Ihren Dokumenten nach und zitiere die Antwort mit ihrer "
        "Quelle. Hängen Sie ein Dokument an oder wählen Sie eine Wissenssammlung und fragen Sie noch einmal. "
        "Für freie Gespräche kann Ihre Administration einen Modellserver anbinden.",
    },
}


def quoting(chosen: Sequence[Sentence], language: Language, lead_in: str) -> str:
    """`lead_in` is the key of its phrase: found, nearest or overview."""
    phrases = PHRASES[language]
    blocks = [phrases[lead_in]]
    for source, of_source in groupby(chosen, key=lambda sentence: sentence.source):
        blocks += [_heading(source, phrases[source.kind]), _quotation(list(of_source), source)]
    return _signed(blocks, language)


def nothing_fits(sources: Sequence[Source], language: Language) -> str:
    phrases = PHRASES[language]
    count = len(sources)
    passages = phrases["passage"] if count == 1 else phrases["passages"].format(count=count)
    titles = list(dict.fromkeys(f"**{literal(source.title)}**" for source in sources if source.title.strip()))
    named = titles[:MAX_NAMED] + ["…"] * (len(titles) > MAX_NAMED) or ["…"]
    listed = f" {phrases['and']} ".join(filter(None, [", ".join(named[:-1]), named[-1]]))
    return _signed([phrases["nothing"].format(passages=passages, titles=listed)], language)


def nothing_given(language: Language) -> str:
    return _signed([PHRASES[language]["nothing_given"]], language)


def welcome(language: Language) -> str:
    return PHRASES[language]["welcome"]


def literal(text: str) -> str:
    """The text as Markdown that shows exactly it on one line: no marker, link or heading of its own."""
    escaped = ACTIVE.sub(lambda found: "\\" + found[0], " ".join(text.split()))
    return ACTIVE_AT_START.sub(lambda found: f"{found[1]}\\{found[2]}" if found[1] else f"\\{found[3]}", escaped)


def _heading(source: Source, kind: str) -> str:
    title = f"**{literal(source.title)}**" if source.title.strip() else ""
    return ", ".join(filter(None, [title, f"{kind} {literal(source.place)}" if source.place else ""]))


def _quotation(chosen: Sequence[Sentence], source: Source) -> str:
    """Sentences that follow one another stand in one paragraph."""
    paragraphs: list[str] = []
    last = None
    for sentence in chosen:
        if last is not None and sentence.position == last + 1:
            paragraphs[-1] += f" {literal(sentence.text)}"
        else:
            paragraphs.append(literal(sentence.text))
        last = sentence.position
    return "\n>\n".join(f"> {paragraph} [{source.id}]" for paragraph in paragraphs)


def _signed(blocks: list[str], language: Language) -> str:
    return "\n\n".join([*filter(None, blocks), f"*{PHRASES[language]['signature']}*"])
