"""Characters that can be kept.

JSON may say half a character: servers that count as UTF-16 does send an emoji in two pieces, or cut an answer between
them. UTF-8, and so the database, knows no halves; and the database no zero byte.
"""


def kept(text: str) -> str:
    """With its halves joined; one without the other shows as such."""
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\x00", "")


class Pieces:
    """Of one text, each kept with what the one before left of a character."""

    def __init__(self) -> None:
        self.half = ""

    def kept(self, piece: str) -> str:
        piece = self.half + piece
        whole = len(piece) - ("\ud800" <= piece[-1:] <= "\udbff")
        self.half = piece[whole:]
        return kept(piece[:whole])
