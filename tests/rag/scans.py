"""Pages that are pictures of text, made here and now."""

import io
import struct
import zlib
from collections.abc import Sequence

import pypdfium2
from fpdf import FPDF

DOTS = 150  # an inch, as a scanner of an office is usually set


def picture(text: str, kind: str = "PNG") -> bytes:
    document = FPDF()
    document.set_font("helvetica", size=14)
    document.add_page()
    document.multi_cell(0, text=text)
    page = pypdfium2.PdfDocument(bytes(document.output()))[0]
    target = io.BytesIO()
    page.render(scale=DOTS / 72, grayscale=True).to_pil().save(target, kind)
    return target.getvalue()


def scanned_pdf(pages: Sequence[str | bytes]) -> bytes:
    """Text becomes a page of text, bytes one that is a picture."""
    document = FPDF()
    document.set_font("helvetica", size=12)
    for page in pages:
        document.add_page()
        if isinstance(page, bytes):
            document.image(io.BytesIO(page), x=0, y=0, w=document.epw)
        else:
            document.multi_cell(0, text=page)
    return bytes(document.output())


def vast_png(side: int) -> bytes:
    """A white square whose pixels take a thousandth of the room that they unpack to."""

    def part(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = zlib.compressobj(9)
    row = b"\x00" + b"\xff" * (side // 8)
    data = b"".join(rows.compress(row) for _ in range(side)) + rows.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", data) + part(b"IEND", b"")


def vast_pdf(side: int) -> bytes:
    """The same square on a page, by hand, since a library would unpack it."""
    rows = zlib.compressobj(9)
    data = b"".join(rows.compress(b"\xff" * (side // 8)) for _ in range(side)) + rows.flush()
    return pdf_of(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>",
            stream(b"", b"595 0 0 842 0 0 cm /I Do"),
            stream(
                b"/Type/XObject/Subtype/Image/Width %d/Height %d" % (side, side)
                + b"/BitsPerComponent 1/ColorSpace/DeviceGray/Filter/FlateDecode",
                data,
            ),
        ]
    )


def stream(attributes: bytes, data: bytes) -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (attributes, len(data), data)


def pdf_of(objects: Sequence[bytes]) -> bytes:
    """A PDF of these objects, the first of which is its catalogue."""
    body, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    tail = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return bytes(body) + head + tail
