import pytest

from chat import endless
from chat.exceptions import AnswerRepeats, AnswerTooLong


@pytest.mark.parametrize("piece", ["und so weiter ", "Die Amsel singt. Der Star auch.\n", "ja, nein, "])
def test_the_same_again_and_again_is_noticed(piece: str) -> None:
    with pytest.raises(AnswerRepeats):
        endless.check("Es war einmal. " + piece * (endless.LOOKED_AT // len(piece) + 2))


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"Zeile {number}\n" for number in range(2_000)),
        "-" * 10_000,
        "0, " * 4_000,
        "kurz " * 100,
        "|---" * 3_000,
    ],
)
def test_what_may_be_meant_is_left_alone(text: str) -> None:
    endless.check(text)


def test_an_answer_has_an_end() -> None:
    with pytest.raises(AnswerTooLong):
        endless.check("".join(map(str, range(200_000)))[: endless.LONGEST + 1])
