"""What a response must have so that a client may go on with WebSocket."""

from wslearn.exercises import FunctionExercise

_ACCEPT, _OTHER = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "Kfh9QIsMVZcl6xEPYxPHzW8SZ8w="
#: The header has a string of its own, equal and not the same: as it comes from the network.
_RIGHT = {"upgrade": "websocket", "connection": "Upgrade", "sec-websocket-accept": "".join(_ACCEPT)}
#: Header fields that any server adds.
_MORE = {"date": "Sat, 28 Nov 2026 15:48:46 GMT", "server": "Python/3.11 websockets/17.4"}
_STATUS = "Only the status 101 switches to WebSocket. With any other status the connection still speaks HTTP."
_CASE = "`websocket` and `upgrade` may have small and capital letters."
_EXACT = "The accept value must be exactly the one that the client has computed. Its letters' case counts."
_LIST = (
    "`connection` may list several words with commas between them, and spaces around. One of them must be `upgrade`."
)
_WHOLE = "The words must be whole: neither `websocket2` nor `no-upgrade` will do."
_WORD = "Only `connection` is a list of words. The whole of `upgrade` must be the word `websocket`."
_MISSING = "A header field may be missing. Then the server did not agree: return False."


def _case(
    expected: bool, why: str, status: int = 101, *, accept: str = _ACCEPT, gone: str = "", **fields: str
) -> tuple:
    changed = {name.replace("_", "-"): value for name, value in fields.items()}
    headers = {name: value for name, value in (_RIGHT | changed).items() if name != gone}
    return ((status, headers, accept), expected, why)


_GOOD = "This response is as it should be: status 101, and all three header fields are right."

opens = FunctionExercise(
    cases=[
        _case(True, _GOOD),
        _case(True, _GOOD, 101, **_MORE),
        *(_case(False, _STATUS, status) for status in (200, 400, 403, 426, 100, 102, 301)),
        *(_case(False, _MISSING, gone=name) for name in _RIGHT),
        _case(False, _EXACT, accept=_OTHER),
        _case(True, _GOOD, accept=_OTHER, sec_websocket_accept="".join(_OTHER)),
        *(_case(False, _EXACT, sec_websocket_accept=other) for other in (
            _ACCEPT.lower(), _ACCEPT.upper(), f"{_ACCEPT} ",
            _ACCEPT[:-1], f"{_ACCEPT}=", f"x{_ACCEPT}", "", _ACCEPT[:10])),
        *(_case(True, _CASE, upgrade=upgrade) for upgrade in ("WebSocket", "WEBSOCKET", "webSocket", "Websocket")),
        *(_case(True, _CASE, connection=connection) for connection in ("upgrade", "UPGRADE", "upGrade")),
        *(_case(True, _LIST, connection=connection) for connection in (
            "keep-alive, Upgrade", "Upgrade,keep-alive", "a,b , upgrade ,c", "keep-alive,Upgrade")),
        *(_case(False, _LIST, connection=connection) for connection in ("keep-alive", "close", "", "websocket")),
        *(_case(False, _WHOLE, connection=connection) for connection in (
            "no-upgrade", "upgrades, keep-alive", "Upgrade keep-alive", "up, grade", "up grade",
            "keep-alive, upgrade2")),
        *(_case(False, _WHOLE, upgrade=upgrade) for upgrade in (
            "h2c", "websocket2", "web", "", "my-websocket", "Upgrade")),
        *(_case(False, _WORD, upgrade=upgrade) for upgrade in ("h2c, websocket", "websocket, h2c")),
        _case(False, "Two of three are not enough.", 200, upgrade="h2c"),
    ],
    mistakes={},
    message=_GOOD,
    hints=(
        "Four facts must all be true. Write one of them, run the check, then add the next with `and`.",
        'Read a header field with `headers.get("upgrade", "")`: a missing one is then an empty string. `.lower()` '
        "makes small letters.",
        'Cut `connection` at its commas with `.split(",")`, and take the spaces off each piece with `.strip()`. Then '
        "ask whether `upgrade` is one of these words.",
    ),
    answer="""
def opens(status, headers, accept):
    words = [word.strip().lower() for word in headers.get("connection", "").split(",")]
    return (
        status == 101
        and headers.get("upgrade", "").lower() == "websocket"
        and "upgrade" in words
        and headers.get("sec-websocket-accept") == accept
    )
""",
    why="A client must look at all four (RFC 6455, section 4.1), and otherwise give up. A web server that knows no "
    "WebSocket often answers 200 with a page, and an old cache may repeat somebody else's 101. If the client went on, "
    "it would take the rest of an HTTP conversation for frames.",
)  # fmt: skip
