"""A function exercise that also sees what an answer does to its arguments."""

from copy import deepcopy
from functools import partial
from typing import Any

from wslearn.exercises import FunctionExercise, Talk
from wslearn.exercises.engine import shown

CHANGED = (
    "Your function changed what it was given, and its caller may still need that. Work on a copy, such as `list(…)` or "
    "`dict(…)`."
)


class Unchanged(FunctionExercise):
    """A `FunctionExercise` whose functions must leave their arguments as they were. Each case gets its own copies."""

    async def _call(self, talk: Talk, function: Any) -> None:
        for arguments, expected, *own in self.cases:
            given = deepcopy(arguments)
            about = partial(self._about, arguments, expected, own[0] if own else self.message)
            await talk.calls(function, given, expected, about)
            if given != arguments:
                talk.fail(CHANGED, "what it was given", "is", shown(given), expected=f"{shown(arguments)}, as before")
