"""The checker of histories, for pytest users: `wslearn.histories` explains it. Lesson 09."""

from wslearn.histories import (
    KINDS,
    STEPS,
    USUAL,
    Finding,
    History,
    Person,
    Report,
    Schedule,
    Step,
    Story,
    Verdict,
    check,
    judge,
    run,
    shrink,
    subscribing,
    tell,
)

__all__ = [
    "KINDS", "STEPS", "USUAL", "Finding", "History", "Person", "Report", "Schedule", "Step", "Story", "Verdict",
    "check", "judge", "run", "shrink", "subscribing", "tell",
]  # fmt: skip
