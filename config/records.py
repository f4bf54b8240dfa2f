"""The records of processing activities (Article 30 GDPR): what each app says of itself, and who answers for it."""

from dataclasses import dataclass
from io import BytesIO

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

import accounts.processing
import chat.processing
import gateway.processing
import rag.processing
from accounts.activities import Activity
from accounts.models import Controller

Lines = list[tuple[str, str]]  # label and text


@dataclass(frozen=True)
class Section:
    title: str
    lines: Lines


def title() -> str:
    return _("Records of processing activities")


def sections() -> list[Section]:
    found = [each for app in (chat, rag, gateway, accounts) for each in app.processing.activities()]
    return [_controller(), *map(_section, found), _measures()]


def _controller() -> Section:
    who = Controller.current()
    names = ("name", "address", "contact", "representative", "officer", "officer_contact")
    labels = {field.name: str(field.verbose_name) for field in Controller._meta.concrete_fields}
    fields = [(labels[name], " · ".join(getattr(who, name).splitlines())) for name in names]
    as_of = (_("as of"), date_format(timezone.localtime(), "SHORT_DATETIME_FORMAT"))
    return Section(_("Controller"), [*((label, text or _("(to be filled in)")) for label, text in fields), as_of])


def _section(activity: Activity) -> Section:
    recipients = "; ".join(activity.recipients) or _("nobody outside of the house")
    return Section(activity.name, [
        (_("purpose"), activity.purpose),
        (_("categories of persons"), activity.people),
        (_("categories of data"), activity.data),
        (_("recipients"), recipients),
        (_("kept for"), activity.retention),
    ])  # fmt: skip


def _measures() -> Section:
    remarks = Controller.current().remarks
    lines = [("", each) for each in accounts.processing.measures()]
    return Section(_("Technical and organisational measures"), [*lines, *([("", remarks)] if remarks else [])])


def markdown() -> bytes:
    parts = [f"# {title()}"]
    for section in sections():
        lines = [
            f"- **{_plain(label)}:** {_plain(text)}" if label else f"- {_plain(text)}" for label, text in section.lines
        ]
        parts.append("\n".join([f"## {_plain(section.title)}\n", *lines]))
    return ("\n\n".join(parts) + "\n").encode()


def _plain(text: str) -> str:
    """What somebody typed is no markup."""
    one_line = " ".join(text.split())
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|" else char for char in one_line)


def odt() -> bytes:
    from odf.opendocument import OpenDocumentText  # type: ignore[import-untyped]  # loaded when asked for
    from odf.text import H, P  # type: ignore[import-untyped]

    document = OpenDocumentText()
    document.text.addElement(H(outlinelevel=1, text=title()))
    for section in sections():
        document.text.addElement(H(outlinelevel=2, text=_writable(section.title)))
        for label, text in section.lines:
            document.text.addElement(P(text=_writable(f"{label}: {text}" if label else text)))
    file = BytesIO()
    document.write(file)
    return file.getvalue()


def _writable(text: str) -> str:
    """XML takes no control characters."""
    return "".join(char if char.isprintable() else " " for char in text)
