"""What text recognition read from the picture of a page: a file beside the document's own."""

from pathlib import Path


def stem(folder: Path, page: int) -> Path:
    """Without `.txt`, which the recogniser appends."""
    return folder / f"recognised-{page}"


def recognised(folder: Path, page: int) -> str | None:
    """None where that page was not or could not be recognised; empty where the picture shows no words."""
    try:
        return stem(folder, page).with_suffix(".txt").read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return None
