"""Who asks "how much" wants a figure: what kind of figure a question asks for, and whether a sentence holds one."""

import re

MONEY = re.compile(r"\d.*(€|\b(eur|euros?|cents?|ct|chf|franken|dollars?|pounds?|pence)\b)|[$£€] ?\d", re.IGNORECASE)
TIME = re.compile(
    r"\d{1,2}[.:]\d\d|\d+\.? ?(uhr|a\.m|p\.m|jan|feb|mär|mar|apr|mai|may|jun|jul|aug|sep|okt|oct|nov|de[zc])|"
    r"\b(noon|mittags?|midnight|montags?|dienstags?|mittwochs?|donnerstags?|freitags?|samstags?|sonntags?|"
    r"(mon|tues|wednes|thurs|fri|satur|sun|week)days?|"
    r"jahre?n?|monate?n?|wochen?|tage?n?|years?|months?|weeks?|days?|hours?)\b",
    re.IGNORECASE,
)
AMOUNT = re.compile(
    r"\d|\b(zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|einmal|zweimal|two|three|four|five|six|seven|eight|"
    r"nine|ten|eleven|twelve|twenty|once|twice|(täg|wöchent|monat|jähr)lich|daily|weekly|monthly|yearly)\b",
    re.IGNORECASE,
)
ASKED = [  # how it is asked for, what answers it, how much that adds to a sentence's score
    (r"\b(kostet|kosten|teuer|preis|costs?|price|fee|pays?)\b", MONEY, 0.25),
    (r"\b(wann|wie (lange|spät)|when|how (long|late|soon))\b", TIME, 0.12),
    (r"\b(wie ?viele?n?|wie (hoch|oft|weit|groß|alt)|how (many|much|often|far|old|high|large|big))\b", AMOUNT, 0.12),
]


def bonus(question: str, sentence: str) -> float:
    fitting = (more for asked, figure, more in ASKED if re.search(asked, question, re.I) and figure.search(sentence))
    return max(fitting, default=0.0)
