from email.message import EmailMessage

import pytest

from rag.formats import EML
from tests.rag.files import BUDGET, GARDEN, pdf
from tests.rag.parsers.reading import pages, parsed, reason


def mail(text: str = GARDEN, subject: str = "Größe", **files: bytes) -> EmailMessage:
    """Names of files with two underscores for the dot."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Anna <anna@example.org>", "bob@example.org", subject
    message.set_content(text)
    for name, content in files.items():
        filename = name.replace("__", ".")
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=filename)
    return message


def test_a_mail_says_who_wrote_what() -> None:
    found = parsed(mail().as_bytes(), EML)
    assert found.text == (f"Größe\n\nFrom: Anna <anna@example.org>\nTo: bob@example.org\nSubject: Größe\n\n{GARDEN}")


def test_attachments_are_sections_and_what_cannot_be_read_is_named() -> None:
    content = mail(plan__pdf=pdf([BUDGET]), kaputt__docx=b"PK", tool__exe=b"MZ", preise__csv=b"Rose;3\nTulpe;2")
    found = parsed(content.as_bytes(), EML)
    assert pages(found)[1:] == [BUDGET, "| Rose | 3 |\n| Tulpe | 2 |"]
    assert (found.page_kind, found.page_labels) == ("section", ["Größe", "plan.pdf", "preise.csv"])
    assert "Attachments: plan.pdf, kaputt.docx, tool.exe, preise.csv" in found.text


def test_a_mail_in_html_alone_is_read() -> None:
    message = EmailMessage()
    message.set_content(f"<style>x</style><p>{GARDEN}</p>", subtype="html", charset="latin-1")
    assert parsed(message.as_bytes(), EML).text == GARDEN


def nested(depth: int) -> bytes:
    message = mail(BUDGET, "0")
    for number in range(depth):
        outer = mail(GARDEN, str(number + 1))
        outer.add_attachment(message)
        message = outer
    return message.as_bytes()


def test_mails_in_mails_are_read() -> None:
    assert parsed(nested(3), EML).page_labels == ["3", "2", "1", "0"]


def deep_multipart(depth: int) -> bytes:
    borders = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth))
    return f"Subject: tief\n{borders}Content-Type: text/plain\n\nHallo\n".encode()


@pytest.mark.parametrize("content", [nested(4), nested(20), deep_multipart(5000)])
def test_mails_too_deep_in_mails_are_refused(content: bytes) -> None:
    assert reason(content, EML) == "nested_too_deeply"


def test_too_many_attachments_are_refused() -> None:
    files = {f"a{number}__txt": b"text" for number in range(51)}
    assert reason(mail(**files).as_bytes(), EML) == "too_many_attachments"


@pytest.mark.parametrize(
    "content",
    [
        b'Subject: =?utf-8?q?broken=\nFrom: @@@<<\nTo: "unclosed\nDate: never\n\nHallo',
        b"Subject: x\nContent-Type: text/plain; charset=x-no\n\nHallo",
        b"Subject: \xff\xfe\x00\nContent-Type: multipart/mixed\n\nHallo",
        b"Content-Transfer-Encoding: base64\nSubject: x\n\n!!!",
    ],
)
def test_a_mail_that_breaks_the_rules_is_read_as_far_as_it_goes(content: bytes) -> None:
    assert parsed(content, EML).text
