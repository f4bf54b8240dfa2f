"""Questions and what answers them, by text search configuration: what an embedding model is tried with."""

Samples = dict[str, list[tuple[str, str]]]

SAMPLES: Samples = {
    "german": [
        (
            "Wie viele Tage im Jahr darf ich frei nehmen?",
            "Alle Beschäftigten haben Anspruch auf dreißig Tage Erholungsurlaub im Kalenderjahr.",
        ),
        (
            "Bis wann muss ich einen Urlaub beantragen?",
            "Der Antrag auf Urlaub ist spätestens vier Wochen vor dem ersten freien Tag bei der Leitung zu stellen.",
        ),
        (
            "Was muss ich tun, wenn ich krank bin?",
            "Eine Arbeitsunfähigkeit ist am ersten Tag bis neun Uhr zu melden; vom dritten Tag an gilt das Attest.",
        ),
        (
            "Wer bezahlt die Fahrkarte bei einer Dienstreise?",
            "Die Kosten für Bahnfahrten zweiter Klasse erstattet der Verein gegen Vorlage der Belege.",
        ),
        (
            "Darf ich von zu Hause arbeiten?",
            "Mobiles Arbeiten ist an zwei Tagen in der Woche möglich, sofern das Team einverstanden ist.",
        ),
        (
            "Wie hoch ist der Mitgliedsbeitrag für Studierende?",
            "Ermäßigt zahlen Mitglieder in Ausbildung zwölf Euro, alle anderen achtundvierzig Euro im Jahr.",
        ),
        (
            "Wie kann ich aus dem Verein austreten?",
            "Die Mitgliedschaft endet durch schriftliche Kündigung mit einer Frist von drei Monaten zum Jahresende.",
        ),
        (
            "Wer wählt den Vorstand?",
            "Die Mitgliederversammlung bestimmt alle zwei Jahre in geheimer Abstimmung drei Personen für den Vorstand.",
        ),
        (
            "Wann ist das Büro geöffnet?",
            "Die Geschäftsstelle ist montags bis donnerstags von neun bis sechzehn Uhr besetzt.",
        ),
        (
            "Wo werden die Spenden verbucht?",
            "Zuwendungen werden auf einem eigenen Konto geführt und am Ende des Quartals geprüft.",
        ),
        (
            "Wie lange werden Bewerbungsunterlagen aufbewahrt?",
            "Unterlagen abgelehnter Bewerberinnen und Bewerber löschen wir sechs Monate nach der Absage.",
        ),
        (
            "Wer ist für den Datenschutz zuständig?",
            "Fragen zu personenbezogenen Daten beantwortet die Beauftragte für Datenschutz.",
        ),
        (
            "Was passiert bei einem Feueralarm?",
            "Ertönt die Sirene, verlassen alle sofort das Gebäude und sammeln sich auf dem Parkplatz.",
        ),
        (
            "Wie reserviere ich einen Besprechungsraum?",
            "Räume bucht man im gemeinsamen Kalender; wer absagt, gibt sie wieder frei.",
        ),
        (
            "Wie oft muss ich mein Passwort ändern?",
            "Kennwörter gelten unbegrenzt, solange kein Verdacht besteht, dass sie jemand anderem bekannt sind.",
        ),
        (
            "Welche Förderung gibt es für Jugendgruppen?",
            "Das Land unterstützt Freizeiten für junge Menschen mit bis zu zwanzig Euro je Tag und Person.",
        ),
        (
            "Wann beginnt die Nachtruhe im Haus?",
            "Zwischen zweiundzwanzig und sechs Uhr sind laute Gespräche und Musik in der Herberge untersagt.",
        ),
        (
            "Was kostet der Ausleih des Transporters?",
            "Für den Kleinbus berechnen wir dreißig Cent je gefahrenem Kilometer, Benzin eingeschlossen.",
        ),
        (
            "Wer darf den Schlüssel zur Werkstatt haben?",
            "Zugang zur Holzwerkstatt erhält, wer die Einweisung in die Maschinen abgeschlossen hat.",
        ),
        (
            "Wie werden Beschwerden behandelt?",
            "Kritik nimmt die Ombudsperson vertraulich entgegen und antwortet innerhalb von zehn Tagen.",
        ),
    ],
    "english": [
        (
            "How many days a year can I take off?",
            "All employees are entitled to thirty days of paid annual leave in a calendar year.",
        ),
        (
            "By when do I have to ask for holidays?",
            "A request for leave is to be handed in at least four weeks before the first day of absence.",
        ),
        (
            "What do I have to do when I am ill?",
            "Sickness is to be reported by nine on the first day; from the third day on a certificate is needed.",
        ),
        (
            "Who pays for the ticket of a business trip?",
            "The costs of second class rail travel are refunded by the association against receipts.",
        ),
        ("May I work from home?", "Remote work is possible on two days a week, provided that the team agrees."),
        (
            "How much is the membership fee for students?",
            "Members in training pay a reduced rate of twelve euros, all others forty-eight euros a year.",
        ),
        (
            "How can I leave the association?",
            "Membership ends by written notice, three months before the end of the year.",
        ),
        (
            "Who elects the board?",
            "Every two years the general assembly chooses three people for the board in a secret ballot.",
        ),
        ("When is the office open?", "The front desk is staffed from nine to four, Monday to Thursday."),
        (
            "Where are donations booked?",
            "Gifts are kept in a separate account, which is audited at the end of each quarter.",
        ),
        (
            "How long are job applications kept?",
            "We delete the papers of unsuccessful candidates six months after they were turned down.",
        ),
        (
            "Who is responsible for data protection?",
            "Questions about personal information are answered by the privacy officer.",
        ),
        (
            "What happens in case of a fire alarm?",
            "When the siren sounds, everyone leaves the building at once and gathers in the car park.",
        ),
        (
            "How do I reserve a meeting room?",
            "Rooms are booked in the shared calendar; whoever cancels sets them free again.",
        ),
        (
            "How often must I change my password?",
            "Passphrases do not expire unless there is reason to believe that somebody else knows them.",
        ),
        (
            "What funding is there for youth groups?",
            "The state supports camps for young people with up to twenty euros a day and person.",
        ),
        (
            "When do quiet hours in the house begin?",
            "Loud talk and music are forbidden in the hostel between ten at night and six in the morning.",
        ),
        (
            "What does it cost to borrow the van?",
            "For the minibus we charge thirty cents for each kilometre driven, petrol included.",
        ),
        (
            "Who may have the key to the workshop?",
            "Access to the wood shop is given to those who have completed the safety course on its machines.",
        ),
        (
            "How are complaints dealt with?",
            "The ombudsperson receives criticism in confidence and replies within ten days.",
        ),
    ],
}
