from pathlib import Path

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


def handbook(path: Path) -> Path:
    """A German PDF of three pages."""
    pdf = FPDF()
    for text in PAGES:
        pdf.add_page()
        pdf.set_font("Helvetica", size=12)
        pdf.multi_cell(0, 7, text)
    pdf.output(str(path))
    return path
