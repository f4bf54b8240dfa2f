"""Words that carry no meaning of their own, and words that stand for numbers and months, in German and English."""


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


GERMAN = _listed(
    """aber alle allem allen aller alles als am auf aus bei beim bekommen bekommt bis bzw da dabei dafür damit dann das
    dass davon dazu dem den denn der deren des dessen die dies diese diesem diesen dieser dieses doch dort durch ein
    eine einem einen einer eines erhalten erhält es etwa etwas für gegen gemäß gibt haben hat hatte hier höchstens ihm
    ihn ihr ihre ihrem ihren ihrer im ins ist ja jede jedem jeden jeder jedes jeweils kann können lassen laut lässt man
    mehr mindestens mit muss müssen nach noch nur ob oder rund sein seine seinem seinen seiner seit sich sie sind
    sollen soll sollte sollten sowie spätestens um und ungefähr unter vom von vor voraus waren wenn werden wer wie wird
    wo wurde wurden zu zum zur zwar zwischen über"""
)
ENGLISH = _listed(
    """a about above after all and any are as at be been before but by can did do does each either every for from had
    has have he how if into is it its just least like may more most must need of on only or other our out over own per
    she should some such than that the their them then there these they this those through to under up we were what
    when where whereas which while who with would you your"""
)
BOTH = _listed("also an her hat in so war was will")  # tell no language
DENIALS = _listed(
    """nicht kein keine keinen keinem keiner keines nie niemals niemand nirgends ohne weder
    not no never none nobody nothing cannot without neither nor"""
)
ONES = {
    "ein": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
}  # fmt: skip
NUMBERS = {word: number for word, number in ONES.items() if number > 1} | {
    "zehn": 10, "elf": 11, "zwölf": 12, "dreizehn": 13, "vierzehn": 14, "fünfzehn": 15, "sechzehn": 16, "siebzehn": 17,
    "achtzehn": 18, "neunzehn": 19, "zwanzig": 20, "dreißig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60,
    "siebzig": 70, "achtzig": 80, "neunzig": 90, "hundert": 100, "tausend": 1000,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
    "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100, "thousand": 1000,
}  # fmt: skip
MONTHS = {
    "januar": 1,
    "jänner": 1,
    "februar": 2,
    "märz": 3,
    "april": 4,
    "mai": 5,
    "juni": 6,
    "juli": 7,
    "august": 8,
    "september": 9,
    "oktober": 10,
    "november": 11,
    "dezember": 12,
    "january": 1,
    "february": 2,
    "march": 3,
    "june": 6,
    "july": 7,
    "october": 10,
    "december": 12,
}  # fmt: skip  (may is mostly a verb)
NO_CONTENT = GERMAN | ENGLISH | BOTH | DENIALS | NUMBERS.keys() | MONTHS.keys()
