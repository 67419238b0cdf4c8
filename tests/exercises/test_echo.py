"""Exercises of lesson 02."""

from exercise_cases import ServerExercise, handler

from wslearn.exercises import echo as ex


class TestShout(ServerExercise):
    exercise = ex.shout
    wrong = {  # noqa: RUF012
        "came back as it was": handler("async for m in ws: await ws.send(m)"),
        "Now the `!` behind": handler("async for m in ws: await ws.send(m.upper())"),
        "Now the capital letters": handler("async for m in ws: await ws.send(m + '!')"),
        "Only the first message was answered": handler("m = await ws.recv()", "await ws.send(m.upper() + '!')"),
        "Nothing came back": handler("async for m in ws: print(end='')"),
        "no attribute 'uper'": handler("async for m in ws: await ws.send(m.uper() + '!')"),
    }
