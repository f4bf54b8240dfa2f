"""A page as the picture that text recognition wants: about 200 dots an inch, no more than it can take."""

from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageOps, UnidentifiedImageError

from rag.parsers.parsed import ParsingFailed

DOTS = 200  # an inch
POINTS = 72  # an inch
MAX_PIXELS = 8_000_000  # an A3 page
MAX_SOURCE_PIXELS = 100_000_000  # of a picture as it is stored: 300 MB unpacked
DEEPEST_FORM = 4


def opened(path: Path) -> Image.Image:
    """Only its head has been read so far."""
    Image.MAX_IMAGE_PIXELS = None  # we count ourselves
    try:
        picture = Image.open(path, formats=("PNG", "JPEG"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        raise ParsingFailed("damaged") from None
    if picture.width * picture.height > MAX_SOURCE_PIXELS:
        raise ParsingFailed("too_many_pixels")
    return picture


def of_image(path: Path) -> Image.Image:
    with opened(path) as picture:
        upright = ImageOps.exif_transpose(picture).convert("L")
    scale = min(1.0, (MAX_PIXELS / (upright.width * upright.height)) ** 0.5)
    return upright.resize((max(1, int(upright.width * scale)), max(1, int(upright.height * scale))))


def of_page(path: Path, number: int) -> Image.Image:
    page = pypdfium2.PdfDocument(path)[number - 1]
    if largest_image(page) > MAX_SOURCE_PIXELS:
        raise ParsingFailed("too_many_pixels")
    across, down = page.get_size()
    scale = min(DOTS / POINTS, (MAX_PIXELS / (across * down)) ** 0.5)
    drawn: Image.Image = page.render(scale=scale, grayscale=True, may_draw_forms=False).to_pil()
    return drawn


def largest_image(page: pypdfium2.PdfPage) -> int:
    """In pixels as stored; 0 where the page shows none."""
    images = page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=DEEPEST_FORM)
    return max((width * height for width, height in (image.get_px_size() for image in images)), default=0)
