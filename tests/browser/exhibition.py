"""What stands in the house when its picture is taken. Runs inside of the instance."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from chat import asking
from chat.models import Conversation, Message, Project
from rag.models import Collection

TALKS = {
    "en": [
        (0, "Agenda for the board meeting", "Welcome, minutes, the **budget**, elections, any other business."),
        (0, "Grant report for the river project", "In its first year the grant paid for 4 km of new banks."),
        (1, "Thank-you letter to volunteers", "Dear all, without your 2,100 hours the river would be a canal."),
        (
            1,
            "Comparison of three accounting programs",
            "All three book a **grant** to its purpose; one needs no cloud.",
        ),
        (3, "Plain-language version of our statutes", "This is our club. These are our rules."),
        (4, "Questions for the job interview", "What was the last grant you managed, and what went wrong?"),
        (5, "Press release on the open day", "The aviary opens its doors on Sunday at ten."),
        (12, "Carpooling for the away day", "Four cars, sixteen seats, and the bus at nine for all others."),
    ],
    "de": [
        (0, "Tagesordnung der Vorstandssitzung", "Begrüßung, Protokoll, **Haushalt**, Wahlen, Verschiedenes."),
        (0, "Bericht zum Projekt „Lebendiger Fluss“", "Im ersten Jahr wurden 4 km Ufer neu angelegt."),
        (1, "Dankbrief an Ehrenamtliche", "Ohne eure 2100 Stunden wäre der Fluss noch ein Kanal."),
        (1, "Drei Buchhaltungsprogramme im Vergleich", "Alle drei buchen zweckgebunden; eines braucht keine Cloud."),
        (3, "Satzung in Leichter Sprache", "Das ist unser Verein. Das sind unsere Regeln."),
        (4, "Fragen für das Bewerbungsgespräch", "Welcher Antrag ist zuletzt gescheitert, und woran?"),
        (5, "Pressemitteilung zum Tag der offenen Tür", "Am Sonntag um zehn öffnet die Voliere ihre Türen."),
        (12, "Fahrgemeinschaften zur Klausur", "Vier Autos, sechzehn Plätze, für alle anderen der Bus um neun."),
    ],
}
PROJECT = {
    "en": ("River grant 2027", "We apply to a public fund. Write plainly and name the source of every figure."),
    "de": ("Flussantrag 2027", "Ein Antrag bei einer öffentlichen Stelle. Schlicht, und jede Zahl mit ihrer Quelle."),
}
COLLECTIONS = {
    "en": {
        "Staff handbook": "How we work together",
        "Statutes and minutes": "",
        "Grant guidelines": "What funders ask for",
    },
    "de": {
        "Handbuch": "Wie wir zusammenarbeiten",
        "Satzung und Protokolle": "",
        "Förderrichtlinien": "Was Geldgeber verlangen",
    },
}


def exhibit(email: str, language: str) -> None:
    user = User.objects.get(email=email)
    for name, purpose in COLLECTIONS[language].items():
        Collection.objects.create(owner=user, name=name, purpose=purpose)
    name, instructions = PROJECT[language]
    project = Project.objects.create(owner=user, name=name, instructions=instructions)
    for place, (days, title, text) in enumerate(TALKS[language]):
        talk(user, title, text, days, project if place in (1, 5) else None, is_pinned=place == 0)


def talk(user: User, title: str, text: str, days: int, project: Project | None, *, is_pinned: bool) -> None:
    new = Conversation.objects.create(owner=user, title=title, titled=True, pinned=is_pinned, project=project)
    _, answer = asking.ask(new, f"{title}?")
    used = timezone.now() - timedelta(days=days, minutes=days)
    done = {"status": Message.Status.DONE, "text": text, "model": "librarian", "lease_until": None, "created_at": used}
    Message.objects.filter(id=answer.id).update(**done)
    Conversation.objects.filter(id=new.id).update(updated_at=used)
