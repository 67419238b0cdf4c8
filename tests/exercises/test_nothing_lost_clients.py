"""The exercises of lesson 09 that want a client: one that resumes, and one that sends until it has the ack."""

from typing import ClassVar

from exercise_cases import FunctionExercise, changed

from wslearn.exercises import nothing_lost as ex

FOLLOW = ex.follow.answer
SEND = ex.send_all.answer
COUNTS = 'epoch = message["epoch"]\n                            offset = 0 if message["missed"] else message["offset"]'


class TestFollow(FunctionExercise):
    exercise = ex.follow
    wrong: ClassVar = {
        "so there is no epoch yet": changed(FOLLOW, ("epoch = offset = None", "epoch, offset = 'e0', None"),
                                            ('{"epoch": epoch, "offset": offset}', '{"epoch": epoch}')),
        "so there is no offset yet": changed(FOLLOW, ("if epoch is not None:", "if True:"),
                                             ("epoch = offset = None", "epoch, offset = '', 0")),
        "and Zoe did not connect again": changed(FOLLOW, ("            pass", "            await asyncio.sleep(30)")),
        "did not send how far it had got": changed(FOLLOW, ("if epoch is not None", "if False")),
        "`missed` was 0, so it has everything": changed(FOLLOW, ('0 if message["missed"] else message["offset"]', "0")),
        "of the last message that it has": changed(FOLLOW, (COUNTS, 'pass\n'
            '                        epoch, offset = message["epoch"], message["offset"]')),
        "showed a message twice": changed(FOLLOW, (' and message["offset"] > offset', "")),
        "Compare offsets, not texts": changed(
            FOLLOW, ("epoch = offset = None", "epoch = offset = None\n    texts = set()"),
            ("                        show(message", "                        if message['message'] in texts:\n"
             "                            continue\n                        texts.add(message['message'])\n"
             "                        show(message"),
        ),
        "Forget your offset when the epoch changes": changed(
            FOLLOW,
            ("message[\"offset\"] > offset", "message[\"offset\"] > top"),
            ("epoch = offset = None", "epoch = offset = None\n    top = 0"),
            ("                        show(message", "                        top = offset\n"
             "                        show(message"),
        ),
        "The last `joined` had another epoch": changed(
            FOLLOW, ('if message["epoch"] != epoch:', "if epoch is None:"),
        ),
        "Before it comes, the offset is 0": changed(
            FOLLOW, ('0 if message["missed"] else message["offset"]', 'message["offset"]')
        ),
        "and nobody was told": changed(FOLLOW, ("show(None)", "pass")),
        "Nothing is missing there": changed(FOLLOW, ('if not message["recovered"]', "if epoch")),
        "did not show a message. Call": changed(FOLLOW, ('show(message["message"])', "pass")),
        "Ignore messages of other types": changed(
            FOLLOW, ('elif message["type"] == "room-message" and message["offset"] > offset:',
                     'elif message.get("offset", 99) > offset:'),
            ('offset = message["offset"]\n                        show(message["message"])',
             'offset = message.get("offset", offset)\n                        show(message.get("message", data))'),
        ),
        "Call `show` with the text": changed(FOLLOW, ('show(message["message"])', "show(data)")),
        "which means that all is said. Return": changed(
            FOLLOW, ("                    return\n", "                    pass\n")
        ),
        "look at `ws.close_code`": changed(FOLLOW, ("if ws.close_code == 1000", "if True")),
        "returned before it was done": changed(FOLLOW, ("            pass", "            return")),
    }  # fmt: skip
    subtle: ClassVar = {
        "1001 is taken for 1000": (
            "look at `ws.close_code`",
            changed(FOLLOW, ("async for data in ws:", "while True:\n                    try: data = await ws.recv()\n"
                             "                    except ConnectionClosedOK: return")),
        ),
        "stops after one message more": changed(FOLLOW, ("> offset:", "> offset + 1:")),
        "only the next offset": changed(FOLLOW, ('message["offset"] > offset', 'message["offset"] == offset + 1')),
        "an alarm once": changed(FOLLOW, ("show(None)", "alarm or show(None); alarm = 1"),
                                 ("epoch = offset = None", "alarm = epoch = offset = None")),
        "an alarm with a new epoch": changed(FOLLOW, ('if not message["recovered"]', 'if message["epoch"] != epoch')),
        "no room": changed(FOLLOW, ('{"type": "join-room", "room": "tea"}', '{"type": "join-room"}')),
        "offset without epoch": changed(FOLLOW, ('{"epoch": epoch, "offset": offset}', '{"offset": offset}')),
    }  # fmt: skip
    right: ClassVar = {
        "async for": """
async def follow(url, show):
    last = {}
    async for ws in connect(url):
        try:
            await ws.send(json.dumps({"type": "join-room", "room": "tea", **last}))
            async for data in ws:
                match json.loads(data):
                    case {"type": "joined", "epoch": epoch, "offset": top, "recovered": recovered, "missed": missed}:
                        if not recovered:
                            show(None)
                        if last.get("epoch") != epoch:
                            last = {"epoch": epoch, "offset": 0 if missed else top}
                    case {"type": "room-message", "offset": offset, "message": text}:
                        if offset > last["offset"]:
                            last["offset"] = offset
                            show(text)
            if ws.close_code == 1000:
                return
        except ConnectionClosed:
            continue
""",
        "recv": changed(
            FOLLOW, ("async for data in ws:", "while True:\n                    try: data = await ws.recv()\n"
                     "                    except ConnectionClosedOK: break")
        ),
        "the code of the error": changed(
            FOLLOW, ("async for data in ws:", "while True:\n                    data = await ws.recv()"),
            ("except ConnectionClosed:\n            pass", "except ConnectionClosed as end:\n"
             "            if end.rcvd and end.rcvd.code == 1000: return"),
        ),
        "a set for each epoch": changed(
            FOLLOW,
            ("epoch = offset = None", "epoch = offset = None\n    had = set()"),
            ('message["offset"] > offset', '(epoch, message["offset"]) not in had'),
            ("                        show(message", "                        had.add((epoch, offset))\n"
             "                        show(message"),
        ),
    }  # fmt: skip
    imports = "from websockets.exceptions import ConnectionClosedOK\nfrom websockets.asyncio.client import connect\n"


class TestSendAll(FunctionExercise):
    exercise = ex.send_all
    imports = "from contextlib import suppress\nfrom websockets.asyncio.client import connect\n"
    wrong: ClassVar = {
        "Join the room first": changed(SEND, ('{"type": "join-room", "room": "tea", "session": session}', '{}')),
        "The server knows you by it": changed(SEND, (', "session": session', "")),
        "A message needs an `id`": changed(SEND, (', "id": id}', "}"), ('reply.get("id") != id', "not reply")),
        "`send_all` raised KeyError: 'id'": changed(  # which closes its connection first
            SEND, ("reply = {}", 'reply = {"id": ""}'), ('reply.get("id")', 'reply["id"]')
        ),
        "should connect to `url`": "async def send_all(url, session, texts): await asyncio.sleep(30)",
        "a retry overtakes": changed(
            SEND,
            ("while len(offsets) < len(texts):\n                    id", "for n, text in enumerate(texts):\n"
             "                    await ws.send(json.dumps({'type': 'room-message', 'message': text, 'id': str(n)}))\n"
             "                while len(offsets) < len(texts):\n                    id"),
        ),
        "is no ack for this one": changed(
            SEND, ('reply.get("id") != id', 'reply.get("type") not in ("ack", "error", "room-message")')
        ),
        "Connect again, and send the message again": changed(
            SEND, ("            pass", "            await asyncio.sleep(9)")
        ),
        "did not send it again. It may be lost": changed(
            SEND, ("            pass", "            offsets.append(0)"),
        ),
        "was sent again with another id": changed(SEND, ("id = str(len(offsets))", "id = str(time.monotonic_ns())")),
        "Two messages have the same id": changed(SEND, ("id = str(len(offsets))", "id = text = texts[len(offsets)]")),
        "The server could not store": changed(SEND, ('if reply["type"] == "ack":\n', "if True:\n"),
                                              ('reply["offset"]', 'reply.get("offset")')),
        "It isn't about this message": changed(
            SEND, ('while reply.get("id") != id:', 'while reply.get("id") != id and reply.get("type") != "error":')
        ),
        "closed the connection too early": changed(
            SEND, ('offsets.append(reply["offset"])', 'offsets.append(reply["offset"])\n                        break')
        ),
        "Return the offsets from the acks": changed(SEND, ("return offsets", "return sorted(offsets)[:2]")),
        "All texts are acknowledged": changed(SEND, ("    return offsets", "    await asyncio.sleep(30)")),
        "send the next text": changed(
            SEND, ("                        offsets.append", "                        await asyncio.sleep(30)\n"
                   "                        offsets.append")
        ),
        "returned before it was done": changed(SEND, ("            pass", "            return offsets")),
    }  # fmt: skip
    subtle: ClassVar = {
        "any ack": changed(SEND, ('reply.get("id") != id', 'reply.get("type") not in ("ack", "error")')),
        "once more only": changed(
            SEND, ("offsets = []", "offsets, tries = [], 0"), ("            pass", "            tries += 1\n"
                   "            if tries > 2: return offsets")
        ),
        "numbers for ids": changed(SEND, ("id = str(len(offsets))", "id = len(offsets)")),
        "a new session each time": changed(SEND, ('"session": session', '"session": session[::-1]')),
        "the offsets of its own messages": changed(
            SEND, ("reply = json.loads(await ws.recv())", "reply = json.loads(await ws.recv())\n"
                   "                        if reply.get('message') == text: reply['id'] = id; reply['type'] = 'ack'")
        ),
    }  # fmt: skip
    right: ClassVar = {
        "a for loop": """
import uuid

async def send_all(url, session, texts):
    waiting, offsets = [(str(uuid.uuid4()), text) for text in texts], []
    while waiting:
        with suppress(ConnectionClosed):
            async with connect(url) as ws:
                await ws.send(json.dumps({"type": "join-room", "room": "tea", "session": session}))
                while waiting:
                    id, text = waiting[0]
                    await ws.send(json.dumps({"type": "room-message", "message": text, "id": id}))
                    async for data in ws:
                        message = json.loads(data)
                        if message.get("id") == id:
                            if message["type"] == "ack":
                                offsets.append(message["offset"])
                                waiting.pop(0)
                            break
                    else:
                        break
    return offsets
""",
        "async for": """
async def send_all(url, session, texts):
    offsets = []
    async for ws in connect(url):
        try:
            await ws.send(json.dumps({"type": "join-room", "session": session, "room": "tea"}))
            while len(offsets) < len(texts):
                n = len(offsets)
                await ws.send(json.dumps({"type": "room-message", "message": texts[n], "id": f"m{n}"}))
                while True:
                    reply = json.loads(await ws.recv())
                    if reply["type"] == "ack" and reply["id"] == f"m{n}":
                        offsets.append(reply["offset"])
                        break
                    if reply["type"] == "error" and reply.get("id") == f"m{n}":
                        break
            return offsets
        except ConnectionClosed:
            continue
""",
        "the id has the session": changed(SEND, ("id = str(len(offsets))", "id = session + str(len(offsets))")),
    }
