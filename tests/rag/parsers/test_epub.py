from rag.formats import EPUB
from tests.rag.files import BUDGET, GARDEN
from tests.rag.parsers.office import archive
from tests.rag.parsers.reading import pages, parsed, reason

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
)
LOCKED = (
    '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><EncryptedData><CipherData>'
    '<CipherReference URI="OEBPS/first one.xhtml"/></CipherData></EncryptedData></encryption>'
)


def chapter(title: str, text: str) -> str:
    return (
        "<?xml version='1.0' encoding='utf-8'?><!DOCTYPE html><html xmlns='http://www.w3.org/1999/xhtml'>"
        f"<head><title>x</title></head><body><h1>{title}</h1><p>{text}</p></body></html>"
    )


def book(**more: str) -> bytes:
    """Its manifest has the chapters in another order than its spine."""
    items = [("a", "second.xhtml"), ("b", "first%20one.xhtml"), ("c", "../../../etc/passwd")]
    manifest = "".join(f'<item id="{i}" href="{href}" media-type="application/xhtml+xml"/>' for i, href in items)
    spine = '<itemref idref="b"/><itemref idref="a"/><itemref idref="c"/><itemref idref="missing"/>'
    members: dict[str, bytes | str] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": (
            f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{manifest}</manifest><spine>{spine}</spine></package>'
        ),
        "OEBPS/second.xhtml": chapter("Budget", BUDGET),
        "OEBPS/first one.xhtml": chapter("Garten", GARDEN),
    }
    return archive(members | more)


def test_chapters_are_read_in_the_order_of_reading() -> None:
    found = parsed(book(), EPUB)
    assert pages(found) == [f"Garten\n\n{GARDEN}", f"Budget\n\n{BUDGET}"]
    assert (found.page_kind, found.page_labels) == ("section", ["Garten", "Budget"])


def test_a_copy_protected_book_says_so() -> None:
    assert reason(book(**{"META-INF/encryption.xml": LOCKED}), EPUB) == "encrypted"


def test_a_book_without_its_package_is_damaged() -> None:
    assert reason(book(**{"META-INF/container.xml": CONTAINER.replace("book", "other")}), EPUB) == "damaged"
