from pathlib import Path

import pypdfium2
from fpdf import FPDF

PAGES = [
    """Handbuch der Stiftung Wiesengrund

Dieses Handbuch beschreibt, wie wir zusammen arbeiten. Es gilt für alle Standorte und wird jedes Jahr im Herbst
überprüft.

1. Arbeitszeit

Die regelmäßige Arbeitszeit beträgt 38,5 Stunden in der Woche. Die Kernzeit liegt zwischen 10 und 15 Uhr. Überstunden
werden vorher mit der Leitung abgesprochen und innerhalb von drei Monaten ausgeglichen.""",
    """2. Urlaub

Der Jahresurlaub beträgt 30 Arbeitstage. Bis zu fünf Tage können in das Folgejahr übertragen werden; sie verfallen am
31. März. Für einen Umzug gibt es einen Tag Sonderurlaub.

3. Krankheit

Wer krank ist, meldet sich bis 9 Uhr bei der Teamleitung. Ab dem vierten Tag wird eine ärztliche Bescheinigung
benötigt.""",
    """4. Dienstreisen

Für Dienstreisen wird die Bahn in der zweiten Klasse genutzt. Das Tagegeld beträgt 28 Euro für volle Tage. Belege sind
binnen sechs Wochen einzureichen.

5. Datenschutz

Personenbezogene Daten werden nur auf den eigenen Servern verarbeitet. Ansprechperson ist die
Datenschutzbeauftragte.""",
]


ENGLISH_PAGES = [
    """Staff Handbook of the Meadow Foundation

This handbook describes how we work together. It holds for all our offices and is looked over each autumn.

1. Working hours

Regular working time is 38.5 hours a week. Everybody is reachable between 10 am and 3 pm. Overtime is agreed with the
team lead beforehand and taken as time off within three months.""",
    """2. Leave

Everyone has 30 working days of leave a year. Up to five days may be carried over into the next year; they expire on
31 March. There is one day of special leave for moving house.

3. Sick leave

Whoever is ill tells the team lead by 9 am. From the fourth day a doctor's certificate is needed.""",
    """4. Travel

We travel by train, second class. The daily allowance is 28 euros for a full day. Receipts are handed in within six
weeks.

5. Data protection

Personal data is processed on our own servers only. Ask the data protection officer.""",
]


def handbook(path: Path, pages: list[str] = PAGES) -> Path:
    """A PDF of three pages; in German unless others are given."""
    pdf = FPDF()
    for text in pages:
        pdf.add_page()
        pdf.set_font("Helvetica", size=12)
        pdf.multi_cell(0, 7, text)
    pdf.output(str(path))
    return path


LEAVE = """# Leave

Leave is agreed in the team.

## Special leave

- Moving house: **one day**
- Birth of a child: two days

| Reason | Days |
|--------|-----:|
| Wedding | 1 |
| Bereavement | 2 |

> Apply at least four weeks ahead.
"""


def leave(path: Path) -> Path:
    path.write_text(LEAVE)
    return path


def place_of(path: Path, page: int, words: str) -> tuple[float, float, float, float]:
    """Where PDFium finds the words on a page (left, top, right, bottom), as parts of its width and height."""
    opened = pypdfium2.PdfDocument(path)[page - 1]
    width, height = opened.get_size()
    textpage = opened.get_textpage()
    index, count = textpage.search(words).get_next()
    boxes = [textpage.get_charbox(at) for at in range(index, index + count)]
    left, bottom, right, top = (
        min(b[0] for b in boxes),
        min(b[1] for b in boxes),
        max(b[2] for b in boxes),
        max(b[3] for b in boxes),
    )
    return left / width, 1 - top / height, right / width, 1 - bottom / height
