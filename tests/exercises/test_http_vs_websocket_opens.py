"""Lesson 01: what a response must have so that it opens a WebSocket."""

from typing import ClassVar

from exercise_cases import FunctionExercise

from wslearn.exercises import http_vs_websocket as ex


def opens(*facts: str, first: str = "pass") -> str:
    return (
        f"def opens(status, headers, accept):\n    {first}\n    get = lambda name: headers.get(name, '')\n"
        f"    return {' and '.join(facts)}"
    )


STATUS, UPGRADE = "status == 101", "get('upgrade').lower() == 'websocket'"
CONNECTION = "'upgrade' in [w.strip().lower() for w in get('connection').split(',')]"
ACCEPT = "headers.get('sec-websocket-accept') == accept"


class TestOpens(FunctionExercise):
    exercise = ex.opens
    wrong: ClassVar = {
        "This response is as it should be": opens("False"),
        "Only the status 101": opens(UPGRADE, CONNECTION, ACCEPT),
        "A header field may be missing": opens(STATUS),
        "must be exactly the one": opens(STATUS, UPGRADE, CONNECTION, "'sec-websocket-accept' in headers"),
        "small and capital letters": opens(STATUS, "get('upgrade') == 'websocket'", CONNECTION, ACCEPT),
        "may list several words": opens(STATUS, UPGRADE, "get('connection').lower() == 'upgrade'", ACCEPT),
        "The words must be whole": opens(STATUS, UPGRADE, "'upgrade' in get('connection').lower()", ACCEPT),
        "KeyError: 'upgrade'": opens(STATUS, "headers['upgrade'].lower() == 'websocket'", CONNECTION, ACCEPT),
        "True or False": opens(STATUS, UPGRADE, CONNECTION, "accept"),
        "Your function changed": opens(
            STATUS, UPGRADE, CONNECTION, ACCEPT, first="headers['upgrade'] = headers.get('upgrade', '').upper()"
        ),
    }
    subtle: ClassVar = {
        "any 1xx": opens("status < 200", UPGRADE, CONNECTION, ACCEPT),
        "a status that begins so": opens("str(status).startswith('10')", UPGRADE, CONNECTION, ACCEPT),
        "not an error": opens("status < 400", UPGRADE, CONNECTION, ACCEPT),
        "accept lower": opens(
            STATUS, UPGRADE, CONNECTION, "get('sec-websocket-accept').lower() == accept.lower()"
        ),
        "accept in": opens(STATUS, UPGRADE, CONNECTION, "accept in get('sec-websocket-accept')"),
        "in accept": opens(STATUS, UPGRADE, CONNECTION, "get('sec-websocket-accept') in accept"),
        "accept starts": opens(STATUS, UPGRADE, CONNECTION, "accept.startswith(get('sec-websocket-accept'))"),
        "accept without padding": opens(
            STATUS, UPGRADE, CONNECTION, "get('sec-websocket-accept').rstrip('=') == accept.rstrip('=')"
        ),
        "a constant": opens(
            STATUS, UPGRADE, CONNECTION, "get('sec-websocket-accept') == 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='"
        ),
        "upgrade in": opens(STATUS, "'websocket' in get('upgrade').lower()", CONNECTION, ACCEPT),
        "in websocket": opens(STATUS, "get('upgrade').lower() in 'websocket'", CONNECTION, ACCEPT),
        "upgrade ends": opens(STATUS, "get('upgrade').lower().endswith('websocket')", CONNECTION, ACCEPT),
        "no spaces": opens(STATUS, UPGRADE, "'upgrade' in get('connection').lower().split(',')", ACCEPT),
        "one space": opens(STATUS, UPGRADE, "'upgrade' in get('connection').lower().split(', ')", ACCEPT),
        "blanks cut": opens(
            STATUS, UPGRADE, "'upgrade' in get('connection').lower().replace(',', ' ').split()", ACCEPT
        ),
        "blanks gone": opens(
            STATUS, UPGRADE, "'upgrade' in get('connection').lower().replace(' ', '').split(',')", ACCEPT
        ),
        "the last word": opens(
            STATUS, UPGRADE, "get('connection').lower().split(',')[-1].strip() == 'upgrade'", ACCEPT
        ),
        "two spellings": opens(STATUS, "get('upgrade') in ('websocket', 'WebSocket')", CONNECTION, ACCEPT),
        "without a default": opens(
            STATUS, "headers.get('upgrade', 'websocket').lower() == 'websocket'", CONNECTION, ACCEPT
        ),
        "connection forgotten": opens(STATUS, UPGRADE, ACCEPT),
        "or": opens(STATUS, f"({UPGRADE} or {CONNECTION})", ACCEPT),
        "takes them out": opens(STATUS, "headers.pop('upgrade', '').lower() == 'websocket'", CONNECTION, ACCEPT),
    }  # fmt: skip
    right: ClassVar = {
        "all": f"def opens(status, headers, accept):\n    get = lambda n: headers.get(n, '')\n"
        f"    return all([{STATUS}, {UPGRADE}, {CONNECTION}, {ACCEPT}])",
        "returns early": '''
def opens(status, headers, accept):
    if status != 101:
        return False
    try:
        if headers["upgrade"].casefold() != "websocket":
            return False
        if headers["sec-websocket-accept"] != accept:
            return False
        for word in headers["connection"].split(","):
            if word.strip().casefold() == "upgrade":
                return True
    except KeyError:
        pass
    return False
''',
        "a regular expression": '''
import re
async def opens(status, headers, accept):
    found = re.search(r"(?:^|,)\\s*upgrade\\s*(?:,|$)", headers.get("connection", ""), re.I)
    return (status, headers.get("upgrade", "").upper(), headers.get("sec-websocket-accept"), found is not None) == (
        101, "WEBSOCKET", accept, True)
''',
        "match": '''
def opens(status, headers, accept):
    match status, {name: value.lower() for name, value in headers.items()}:
        case 101, {"upgrade": "websocket", "connection": words, "sec-websocket-accept": _}:
            return "upgrade" in set(map(str.strip, words.split(","))) and headers["sec-websocket-accept"] == accept
        case _:
            return False
''',
    }  # fmt: skip
