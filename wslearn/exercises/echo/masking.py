"""An exercise of lesson 02: a frame unmasked by hand."""

from functools import partial

from wslearn.exercises import Exercise


async def _unmasks(talk, unmask):
    key = bytes([0x37, 0xFA, 0x21, 0x3D])  # the example of RFC 6455, section 5.7
    for payload, about in (
        (b"Hello", _about_unmasking),
        (b"", "A message may be empty. Then there is nothing behind the key."),
        (
            "Grüße, and a long text".encode(),
            "Byte number `i` goes with key byte number `i % 4`: after four, begin again.",
        ),
        (bytes(range(125)), "The payload may be any bytes, up to 125 of them here."),
    ):
        masked = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
        frame = bytes([0x81, 0x80 | len(payload)]) + key + masked
        await talk.calls(unmask, (frame,), payload, partial(_unmasked, about, masked, frame))
    await talk.calls(
        unmask,
        (bytes([0x82, 0x82, 1, 2, 3, 4, 0, 0]),),
        bytes([1, 2]),
        "The key is not always the same: take it from the frame, bytes 2 to 5.",
    )


def _about_unmasking(masked, frame, came):
    if came == masked:
        return "These bytes are still masked. Each must be combined with a byte of the key: `byte ^ key[i % 4]`."
    if came == frame[2:]:
        return "These bytes begin with the key. The key is four bytes, and the payload comes behind it."
    if isinstance(came, bytes) and len(came) > len(masked):
        return f"That is too long: the payload has {len(masked)} bytes. It begins behind the key, at byte 6."
    return "Take the key from bytes 2 to 5 and the payload from byte 6 on."


def _unmasked(about, masked, frame, came):
    if isinstance(came, str):
        return "A payload is bytes, not text: leave out `decode()`."
    if isinstance(came, list):
        return "This is a list of numbers. `bytes(…)` makes bytes of it."
    return about(masked, frame, came) if callable(about) else about


unmask = Exercise(
    _unmasks,
    hints=(
        "Cut the frame first: `frame[2:6]` is the key. Where does the payload begin?",
        "`^` is exclusive or: `5 ^ 3` is `6`, and `6 ^ 3` is `5` again. So masking twice gives back what was there.",
        "Go through the payload with `enumerate`, and make bytes of `byte ^ key[i % 4]`.",
    ),
    answer="""
def unmask(frame):
    key, masked = frame[2:6], frame[6:]
    return bytes(byte ^ key[i % 4] for i, byte in enumerate(masked))
""",
    why="A client masks every frame with a new random key (RFC 6455, section 5.3). It is no secret, for the key is in "
    "the frame. It keeps a web page from choosing the bytes on the wire, which could fool old proxies.",
)
