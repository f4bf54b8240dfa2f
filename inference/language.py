"""What the librarian knows of German and English: stop words, word stems, and which of the two a text is in."""

import re
from collections import Counter
from typing import Literal

Language = Literal["de", "en"]

WORD = re.compile(r"\w+(?:[.,:]\d+)*")  # "1,5" and "12:30" are one word
FOLDED = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss", "é": "e", "è": "e", "à": "a"})
SHORTEST_ROOT = 5  # letters that two words have to share at an end to count as relatives
SHORTEST_LAST_PART = 4
RELATIVES = 0.6  # how much of a hit "Urlaubsantrag" is when asked for "Urlaub"


def word_list(text: str) -> frozenset[str]:
    return frozenset(text.split())


GERMAN = word_list(
    """aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes auch auf aus bei
    beim bekomme bekommen bekommt bereits besteht bin bis bist bitte da dabei dafür damit dann daran darf darfst
    darüber das dass davon dazu dein deine dem den denn der deren des dessen die dies diese diesem diesen dieser
    dieses doch dort du durch dürfen ein eine einem einen einer eines er erst es etwas euch euer für gab gegen
    geht gelten genommen geworden gibt gilt habe haben hat hatte hier hinter hoch ich ihm ihn ihnen ihr ihre ihrem
    ihren ihrer im in ins ist ja jede jedem jeden jeder jedes jetzt kann kannst kein keine kostet können könnte
    lang lange lautet machen macht man mehr mein meine meinem meinen meiner mich mir mit muss musst müssen nach
    nehmen nicht nimmt noch nun nur ob oder ohne sagen sagt schon sehr sein seine seinem seinen seiner seit sich
    sie sind so soll sollen sollte sowie steht um und uns unser unsere unserem unseren unserer unter viel viele
    vom von vor wann war waren warum was weil welche welchem welchen welcher welches wem wen wenn wer werde werden
    weshalb wessen wie wieder wieso wieviel will wir wird wo wodurch wofür wohin wollen womit worüber wozu wurde
    wurden zu zum zur zwischen über"""
)
ENGLISH = word_list(
    """a about after all allowed also am an and any are as at be because been before being between both but by can
    cost costs could did do does doing done during each for from get gets give given got had happen happens has
    have having he her here him his how i if in into is it its just kind let like long many may me might more most
    much must my need needs no not of off on once only or other our out over own please put said same say says
    shall she should so some such tell than that the their them then there these they this those through to too
    under until up us use very want was we were what when where which while who whom whose why will with within
    would you your"""
)
STOP_WORDS = {"de": GERMAN, "en": ENGLISH}

GERMAN_ENDINGS = (
    "ungen",
    "ung",
    "lichen",
    "liche",
    "lich",
    "igen",
    "ige",
    "ern",
    "em",
    "en",
    "er",
    "es",
    "e",
    "s",
    "n",
)
ENGLISH_ENDINGS = ("ations", "ation", "ments", "ment", "ings", "ing", "edly", "ied", "ies", "ed", "es", "ly", "s", "e")
ENDINGS = {"de": GERMAN_ENDINGS, "en": ENGLISH_ENDINGS}
SHORTEST_STEM = 3


def words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def language_of(text: str, otherwise: Language = "en") -> Language:
    counted = Counter(words(text))
    german, english = (sum(n for word, n in counted.items() if word in STOP_WORDS[code]) for code in ("de", "en"))
    if any(letter in text.lower() for letter in "äöüß"):
        german += 1
    if german == english:
        return otherwise
    return "de" if german > english else "en"


def stem(word: str, language: Language) -> str:
    folded = word.translate(FOLDED)
    for ending in ENDINGS[language]:
        if folded.endswith(ending) and len(folded) - len(ending) >= SHORTEST_STEM:
            folded = folded[: -len(ending)]
            break
    return re.sub(r"(?<=[b-df-hj-np-tv-z])[iy]$", "", folded) if language == "en" else folded


def stems(text: str, language: Language) -> list[str]:
    """The stems of the words that carry meaning; of a paragraph it is the number alone."""
    telling = (word for word in words(text) if word not in STOP_WORDS[language] and (len(word) > 1 or word.isdigit()))
    return [stem(word, language) for word in telling]


def kinship(one: str, other: str, language: Language) -> float:
    """1 for the same stem, a part of it for words that share a root (German compounds), else 0."""
    if one == other:
        return 1.0
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) < SHORTEST_LAST_PART or one[0].isdigit():
        return 0.0
    if longer.startswith(shorter) and (language == "de" or len(shorter) >= SHORTEST_ROOT):
        return RELATIVES
    if language == "en" or len(shorter) < SHORTEST_ROOT:
        return 0.0
    ends = (one[:SHORTEST_ROOT], one[-SHORTEST_ROOT:])
    other_ends = (other[:SHORTEST_ROOT], other[-SHORTEST_ROOT:])
    is_related = any(end in other for end in ends) or any(end in one for end in other_ends)
    return RELATIVES if is_related else 0.0


def ends_alike(one: str, other: str) -> bool:
    """Whether two words may share their last part, as "Urlaubstag" and "Arbeitstag" do."""
    return one[-SHORTEST_LAST_PART:] == other[-SHORTEST_LAST_PART:] and len(one) > SHORTEST_LAST_PART
