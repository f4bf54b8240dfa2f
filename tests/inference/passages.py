"""Passages as a small association might have them, and the prompt that carries them."""

from html import escape

Given = tuple[str, int | None, str]  # title, page, text
PROMPT = "Answer from the sources below alone.\n\n"

HOLIDAY_DE = """Urlaubsordnung

Alle Beschäftigten haben Anspruch auf 30 Arbeitstage Erholungsurlaub im Kalenderjahr. Teilzeitkräfte erhalten den
Anspruch anteilig, d. h. nach der Zahl ihrer Arbeitstage je Woche. Der Antrag ist spätestens vier Wochen vor dem
ersten Urlaubstag bei der Geschäftsführung zu stellen. Nicht genommener Urlaub verfällt am 31. März des Folgejahres.
Wer während des Urlaubs erkrankt, bekommt die Tage gutgeschrieben, sofern ein ärztliches Attest vorliegt."""

TRAVEL_DE = """Reisekosten

Fahrten mit der Bahn werden in der 2. Klasse erstattet. Für Fahrten mit dem eigenen Auto zahlen wir 30 Cent je
Kilometer, höchstens jedoch 150 Euro. Belege sind innerhalb von sechs Wochen einzureichen. Flüge innerhalb
Deutschlands genehmigen wir nicht. Dr. Lindner aus der Buchhaltung prüft die Abrechnungen, z. B. auf doppelte Belege."""

STATUTES_DE = """§ 7 Mitgliederversammlung

Die Mitgliederversammlung tritt einmal im Jahr zusammen. Der Vorstand lädt mit einer Frist von drei Wochen in Textform
ein. Sie ist beschlussfähig, wenn mindestens ein Viertel der Mitglieder anwesend ist. Satzungsänderungen brauchen eine
Mehrheit von zwei Dritteln der abgegebenen Stimmen. Der Jahresbeitrag beträgt 48 Euro, ermäßigt 24 Euro."""

PRIVACY_DE = """Löschfristen

Bewerbungsunterlagen löschen wir sechs Monate nach Abschluss des Verfahrens. Spendenbescheinigungen bewahren wir zehn
Jahre auf, weil die Abgabenordnung es verlangt. Verantwortlich für den Datenschutz ist Frau Öztürk. Protokolle der
Beratungsgespräche werden nach drei Jahren vernichtet."""

WORKSHOP_EN = """Workshop handbook

The workshop is open from 9 a.m. to 6 p.m. on weekdays. Machines such as the table saw may only be used after an
introduction, which the workshop lead gives every first Monday of the month. Members pay 15 euros a month; visitors
pay 4 euros an hour. Ear protection hangs beside the door. It must be worn whenever the saw is running."""

GARDEN_EN = """Community garden rules

Each plot measures twenty square metres. Watering with the hose is forbidden between noon and 5 p.m. in summer.
Compost goes into the three wooden bins behind the shed. A plot that lies fallow for a whole season is given to
the next household on the waiting list. The tool shed is locked with a code that changes every spring."""

SECURITY_EN = """Incident response

Report a lost laptop to Ms. Okafor within one hour. She disables the device and resets every password. Backups are
encrypted and copied to a second site each night. A restore is rehearsed twice a year, e.g. in March and October."""

GERMAN = [
    ("Urlaubsordnung.pdf", 1, HOLIDAY_DE),
    ("Reisekosten.docx", 2, TRAVEL_DE),
    ("Satzung.pdf", 4, STATUTES_DE),
    ("Löschkonzept.pdf", 3, PRIVACY_DE),
]
ENGLISH = [
    ("Workshop.pdf", 2, WORKSHOP_EN),
    ("Garden.md", None, GARDEN_EN),
    ("Security.pdf", 7, SECURITY_EN),
]


def prompt(passages: list[Given]) -> str:
    elements = []
    for number, (title, page, text) in enumerate(passages, start=1):
        at = f' page="{page}"' if page else ""
        elements.append(f'<source id="{number}" title="{escape(title)}"{at}>{escape(text)}</source>')
    return PROMPT + "\n".join(elements)
