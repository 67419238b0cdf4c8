"""A frame unmasked by hand."""

from wslearn.exercises import FunctionExercise

_KEY = bytes([0x37, 0xFA, 0x21, 0x3D])  # the example of RFC 6455, section 5.7


def _case(payload: bytes, *message: object, key: bytes = _KEY, head: int = 0x81) -> tuple:
    masked = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
    return ((bytes([head, 0x80 | len(payload)]) + key + masked,), payload, *message)


#: What a student reads who has taken bytes for letters.
_ANY_BYTES = "The payload may be any bytes, not only letters. Return each of them, zeros, spaces and line ends too."


def _about_hello(came: object, frame: bytes) -> str:
    if isinstance(came, bytes) and len(came) > len(frame) - 6:
        return f"That is too long: the payload has {len(frame) - 6} bytes. It begins after the key, at byte 6."
    return "Take the key from bytes 2 to 5, and the payload from byte 6 on."


unmask = FunctionExercise(
    cases=[
        _case(b"Hello", _about_hello),
        _case(b"", "A message may be empty. Then nothing comes after the key."),
        _case("Grüße, and a long text".encode(), "Byte number `i` goes with key byte number `i % 4`: after four bytes, "
              "begin again."),
        _case(bytes(range(125)), "The payload may be any bytes, up to 125 of them here."),
        *(
            _case(payload, _ANY_BYTES, head=0x82)
            for payload in (b"\0\0zeros\0\0", b"  spaces\r\n\t", bytes(range(255, 130, -1)))
        ),
        _case(bytes([1, 2]), key=bytes([1, 2, 3, 4]), head=0x82),
        _case(b"other keys", key=bytes([0, 255, 0, 128])),
    ],
    mistakes={
        lambda frame: frame[6:]: "These bytes are still masked. Combine each with the key: `byte ^ key[i % 4]`.",
        lambda frame: frame[2:]: "These bytes begin with the key: four bytes. The payload comes after it.",
    },
    message="The key is not always the same: take it from the frame, bytes 2 to 5.",
    hints=(
        "Cut the frame first: `frame[2:6]` is the key. Where does the payload begin?",
        "Use `^`, exclusive or: `5 ^ 3` is `6`, and `6 ^ 3` is `5` again. So masking twice gives the original back.",
        "Go through the payload with `enumerate`, and make bytes from all the `byte ^ key[i % 4]`.",
    ),
    answer="""
def unmask(frame):
    key, masked = frame[2:6], frame[6:]
    return bytes(byte ^ key[i % 4] for i, byte in enumerate(masked))
""",
    why="A client masks every frame with a new random key (RFC 6455, section 5.3). The key is no secret, because it is "
    "in the frame. It keeps a web page from choosing the bytes on the wire, which could fool old proxies.",
)  # fmt: skip
