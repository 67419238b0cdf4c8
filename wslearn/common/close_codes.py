"""Close codes: their names, and after which of them a client should not reconnect. Lessons 02 and 06.

The page has its own table, with a sentence about each code, in `static/close-codes.js`. A test compares the two.
"""

#: RFC 6455, section 7.4.1; 1012 to 1014 and the codes from 3000 are in IANA's registry of close codes.
NAMES = {
    1000: "normal closure",
    1001: "going away",
    1002: "protocol error",
    1003: "unsupported data",
    1004: "reserved",
    1005: "no code received",
    1006: "abnormal closure",
    1007: "invalid payload",
    1008: "policy violation",
    1009: "message too big",
    1010: "extension missing",
    1011: "internal error",
    1012: "service restart",
    1013: "try again later",
    1014: "bad gateway",
    1015: "TLS failed",
    3000: "unauthorized",
    3003: "forbidden",
    3008: "timeout",
}

#: Codes that a library reports to its own program, and that no close frame contains.
NEVER_SENT = frozenset({1005, 1006, 1015})

#: After these codes another attempt would end in the same way: the conversation is over (1000), or the problem is this
#: client's messages or identity. 1012 and 1013 are not among them, because they ask a client to reconnect later.
TERMINAL = frozenset({1000, 1002, 1003, 1007, 1008, 1009, 1010, 3000, 3003})


def name(code: int) -> str:
    """Return the name of a close code, or of its range if it has none (RFC 6455, section 7.4.2)."""
    if code in NAMES:
        return NAMES[code]
    if 4000 <= code <= 4999:
        return "private code"
    return "registered code" if 3000 <= code <= 3999 else "unassigned code"
