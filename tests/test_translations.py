"""Everything a person reads is there in German, too."""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from string import Formatter

import pytest
import unfold
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po
from django.utils.translation import gettext, ngettext, override
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ["accounts", "gateway", "rag", "chat", "config"]
KEYWORDS = {**DEFAULT_KEYWORDS, "gettext_lazy": None, "ngettext_lazy": (1, 2)}


def catalog() -> Catalog:
    with (ROOT / "locale/de/LC_MESSAGES/django.po").open("rb") as file:
        return read_po(file, locale="de")


def sources() -> Iterator[tuple[Path, str]]:
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            yield path, path.read_text()
    for path in [
        *(ROOT / "templates").rglob("*.html"),
        *(ROOT / "templates").rglob("*.txt"),
        *ROOT.glob("*/templates/**/*.html"),
    ]:
        code = templatize(path.read_text(), origin=str(path))
        yield path, "\n".join(line.strip() for line in code.splitlines())


def counted() -> Iterator[str]:
    for _path, text in sources():
        for _, message, _, _ in extract("python", BytesIO(text.encode()), keywords=KEYWORDS):
            if isinstance(message, tuple):
                yield message[0]


def written() -> Iterator[tuple[str, Path]]:
    for path, text in sources():
        for _, message, _, _ in extract("python", BytesIO(text.encode()), keywords=KEYWORDS):
            yield (message[0] if isinstance(message, tuple) else message), path.relative_to(ROOT)


def test_every_string_is_in_the_german_catalogue() -> None:
    known = {message.id[0] if isinstance(message.id, tuple) else message.id for message in catalog()}
    assert {f"{path}: {text}" for text, path in written() if text and text not in known} == set()


def test_what_is_counted_is_there_for_one_and_for_many() -> None:
    assert set(counted()) <= {message.id[0] for message in catalog() if isinstance(message.id, tuple)}


def test_the_catalogue_holds_nothing_that_nobody_says() -> None:
    said = {text for text, _ in written()}
    ids = {message.id[0] if isinstance(message.id, tuple) else message.id for message in catalog() if message.id}
    assert ids - said == set()


@pytest.mark.parametrize(
    "message", [message for message in catalog() if message.id], ids=lambda message: str(message.id)
)
def test_a_string_is_translated_with_its_placeholders(message: Message) -> None:
    ids = message.id if isinstance(message.id, tuple) else (message.id,)
    strings = message.string if isinstance(message.string, tuple) else (message.string,)
    assert all(strings) and not message.fuzzy
    assert {placeholders(text) for text in strings} <= {placeholders(text) for text in ids}


def placeholders(text: str) -> frozenset[str]:
    named = [piece.split(")")[0] for piece in text.split("%(")[1:]]
    return frozenset(named + [name for _, name, _, _ in Formatter().parse(text) if name])


def said_by_the_frame() -> Iterator[tuple[str, ...]]:
    """What stands in the parts of the panel's frame that we use: it comes in English alone."""
    frame = Path(str(unfold.__file__)).parent
    unused = "contrib/(?!filters)|import_export|simple_history|guardian|location_field"
    for path in [*frame.rglob("*.html"), *frame.rglob("*.py")]:
        if not re.search(unused, str(path.relative_to(frame))):
            code = templatize(path.read_text(), origin=str(path)) if path.suffix == ".html" else path.read_text()
            lines = "\n".join(line.strip() for line in code.splitlines()) if path.suffix == ".html" else code
            for _, message, _, _ in extract("python", BytesIO(lines.encode()), keywords=KEYWORDS):
                yield message if isinstance(message, tuple) else (message,)


def test_the_frame_of_the_panel_speaks_german() -> None:
    with override("de"):
        said = {one: ngettext(*one, 2) if len(one) > 1 else gettext(one[0]) for one in said_by_the_frame() if one[0]}
    assert {one[0] for one, german in said.items() if german in one} == set()


def test_the_compiled_catalogue_is_used() -> None:
    with override("de"):
        assert gettext("New chat") == "Neuer Chat"
