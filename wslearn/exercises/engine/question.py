"""A question to guess at before a measurement: its text, its choices or its unit, and the answer with its why."""

import re
from decimal import Decimal
from math import inf, nan
from numbers import Real
from string import ascii_lowercase

from wslearn.common.choices import meant
from wslearn.common.markdown import Markdown
from wslearn.exercises.engine.result import shown

#: The longest line with all choices; where they are longer, each has its own line. In characters.
LINE = 80


class Question:
    """A question at which a reader guesses, and which the reader later measures. Nothing is graded.

    `text`, `answer` and `why` are Markdown. A question has either `choices`, and `answer` is one of them, or a `unit`
    such as `"ms"`: then it asks for `parts` numbers. `guessed` is a tuple of numbers in `unit`, a choice, or None.
    Raises ValueError for any other combination.
    """

    def __init__(
        self, text: str, *, answer: str, why: str, choices: tuple[str, ...] = (), unit: str = "", parts: int = 1
    ) -> None:
        if isinstance(choices, str) or bool(choices) == bool(unit):
            raise ValueError(f"expected a tuple of choices or a unit, got choices={choices!r}, unit={unit!r}")
        if choices and answer not in choices:
            raise ValueError(f"answer: expected one of the choices, got {answer!r}")
        self.text, self.answer, self.why, self.choices, self.unit, self.parts = text, answer, why, choices, unit, parts
        self.label = "Your guess"
        self.guessed: tuple[float, ...] | str | None = None

    def __set_name__(self, owner: type, name: str) -> None:
        self.label = name.replace("_", " ").capitalize()  # `guess_3 = Question(…)` in a class: "Guess 3"

    def __repr__(self) -> str:
        lettered = [f"{letter}) {choice}" for letter, choice in zip(ascii_lowercase, self.choices, strict=False)]
        noted = [f"{self.label}: {self._guess()}."] if self.guessed is not None else []
        return "\n".join([self.text, *(lettered or [f"(how many {self.unit}?)"]), *noted])

    def _repr_markdown_(self) -> str:
        return repr(self).replace("\n", "  \n")

    def guess(self, *guess: object) -> Markdown:
        """Note a guess, in place of the one before, and return it as a line. Raises nothing, whatever the guess is.

        It is `parts` numbers in `unit`, or a choice: its letter or its text. `...` takes the guess back. Anything else
        isn't noted, and the line says what to write.
        """
        if not guess or any(part is ... for part in guess):
            self.guessed = None
            return Markdown(f"{self.label}: none yet. {self._wanted()}")
        found = self._choice(guess) if self.choices else self._numbers(guess)
        if found is None:
            return Markdown(f"{self.label}: I can't note {', '.join(map(shown, guess))}. {self._wanted()}")
        self.guessed = found
        return Markdown(f"{self.label}: {self._guess()}.")

    def measured(self, *found: float | str) -> Markdown:
        """Return a line that sets the guess, if there is one, beside what the reader has measured.

        `found` is `parts` numbers in `unit`, which are rounded here. For a question with choices it is one text. Raises
        ValueError for anything else.
        """
        seen, _ = self.reading(*found)
        return Markdown(f"You {seen}." if self.guessed is None else f"You guessed {self._guess()}, and you {seen}.")

    def reading(self, *found: float | str) -> tuple[str, float | str | None]:
        """Return what the reader has measured in words, such as `measured 41 ms`, and what guesses compare with.

        That is the first number, rounded as in the words, or the choice that a text means, or None. Raises ValueError
        as `measured` does.
        """
        if self.choices and len(found) == 1:
            return f"saw: {found[0]}", self._choice(found)
        if self.unit and (numbers := self._numbers(found)):
            rounded = [_rounded(number) for number in numbers]
            return f"measured {self._amount(*rounded)}", rounded[0]
        expected = f"{self.parts} number(s) in {self.unit}" if self.unit else "one text"
        raise ValueError(f"expected {expected}, got {found!r}")

    def solution(self) -> Markdown:
        """Return the answer, and why it is so."""
        return Markdown(f"**Answer:** {self.answer}. {self.why[:1].upper()}{self.why[1:]}")

    def _guess(self) -> str:
        return f"“{self.guessed}”" if isinstance(self.guessed, str) else self._amount(*(self.guessed or ()))

    def _amount(self, *numbers: float) -> str:
        unit = self.unit[:-1] if numbers == (1,) and len(self.unit) > 2 else self.unit  # "1 byte", and still "1 ms"
        return f"{' and '.join(f'{number:,.12g}' for number in numbers)} {unit}"

    def _wanted(self) -> str:
        if self.unit:
            return f"Write how many {self.unit}, as {'a number' if self.parts == 1 else f'{self.parts} numbers'}."
        letters = [f'"{letter}" for {choice}' for letter, choice in zip(ascii_lowercase, self.choices, strict=False)]
        line = f"Write {'; '.join(letters)}."
        return line if len(line) <= LINE else "\n- ".join(["Write a letter:", *letters])

    def _choice(self, guess: tuple[object, ...]) -> str | None:
        try:
            wanted = str(guess[0]) if len(guess) == 1 and isinstance(guess[0], str | int) else None
        except ValueError:  # an int of thousands of digits
            return None
        return None if wanted is None or (index := meant(wanted, self.choices)) is None else self.choices[index]

    def _numbers(self, guess: tuple[object, ...]) -> tuple[float, ...] | None:
        numbers = [self._number(part) for part in guess]
        right = len(numbers) == self.parts and all(0 <= number < inf for number in numbers)
        return tuple(numbers) if right else None

    def _number(self, guess: object) -> float:
        """Return a number, or a text such as `30` or `30 ms`, as a number in `unit`, and NaN for anything else."""
        units = {"", self.unit} | ({self.unit[:-1], self.unit[0]} if len(self.unit) > 2 else set())
        try:
            if isinstance(guess, str) and (written := re.fullmatch(r"([\d.]+)\s*([a-z]*)", guess.strip().lower())):
                return float(written[1]) if written[2] in units else nan
            return float(guess) if isinstance(guess, Real | Decimal) and not isinstance(guess, bool) else nan
        except (ValueError, OverflowError):
            return nan


def _rounded(number: float) -> float:
    return round(number) if number >= 10 else float(f"{number:.2g}")
