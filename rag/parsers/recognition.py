"""`python -m rag.parsers.recognition MEDIA_TYPE FILE PAGE PROGRAM LANGUAGES`: a page drawn, then handed to tesseract.

One process for both, so that the limits and the missing network hold for tesseract as well, which it turns into.
"""

import os
import sys
from pathlib import Path

from rag.parsers.confinement import confine
from rag.parsers.pictures import of_image, of_page
from rag.parsers.recognised import stem


def main(media_type: str, path: str, page: str, program: str, languages: str) -> None:
    confine(becomes=program)
    target = stem(Path(path).parent, int(page))
    drawn = of_page(Path(path), int(page)) if media_type == "application/pdf" else of_image(Path(path))
    picture = target.with_suffix(".png")
    drawn.save(picture, compress_level=1, dpi=(200, 200))
    os.execve(program, [program, str(picture), str(target), "-l", languages], dict(os.environ))  # noqa: S606


if __name__ == "__main__":
    main(*sys.argv[1:])
