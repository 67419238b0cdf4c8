"""Mutants that are as right as the solution they come from, with the reason: no check should refuse them.

The key is the first line that the fault takes away, and the first that it puts in its place; `except …` is any line
that begins with it. The whole run complains about an entry that no mutant needs any more.
"""

OWN_WORDS = "The task leaves the words of an error to the student."
ONLY_THESE = "Nothing else can be raised there, or it would be as much a mistake of the client."
CLOSED_ALREADY = "Besides, only the end of the connection can be caught; closing a closed connection does nothing."
CANCELLED_LATE = "Besides, only cancelling can be caught; the server does so when its clients are gone already."
NO_AWAIT = "No `await` that really waits lies between setting and reading it, so no other client can come in between."
END_ANYWAY = "The connection is closed by then, so the loop ends with the next message that doesn't come."
NO_OPTIONS = "The task's own `__init__` takes no arguments; the check gives none."
TWO_TYPES = "The task gives this line, and says that a message is either `join-room` or a room's message."
GIVEN = "The task gives this line; it only switches something else off, and the answer's own code works without that."
CHECK_SETS_IT = "The task gives this value, and says that the check sets another."
ONE_BYTE = "One byte of a million: how many wait at one moment depends on the system's buffers."
RETURNS_NONE = "A function without `return` returns None."
GUESTS = "The server gives its guests their names, such as `guest-2`, in small letters and without blanks."
NOT_EMPTY = "A room's name has at least one character: `RoomName` in wslearn/messages.py."
NO_EMPTY = "The task speaks of headers that were left out, not of empty ones, which no browser sends."
ANY_1970 = "The task says 1970; which second of it, makes no difference to any logout."
ANY_NUMBER = "Any other number tells one departure from the next."
OTHER_WORD = "A header that is missing may count as any other word."
NO_SPACES = "HTTP takes the spaces around a header's value off, so the task's word never has any."
MAY_STAY = "The task doesn't ask for names without a connection to be forgotten."
FIRST_VALUE = "Before the first value nothing is in it; then the handler's assignment makes it the server's own."
BROADCAST_SKIPS = "`broadcast` skips connections that have ended, and the task doesn't ask for them to be forgotten."

NOBODY_BETWEEN = "The check's clients read so fast that nothing waits in between."
NO_WAIT = "The chats with a bug take a moment for each message, so they have noticed the cut by then."
OTHER_NAME = "The student may give the clients any names."
THREE_WORDS = "The task says that `reset_by` is one of three words."
NOT_LOOKED_AT = "What a server still has of clients that have gone isn't looked at."

EQUIVALENT: dict[str, dict[tuple[str, str], str]] = {
    "nothing_lost.follow": {
        ("except …", "except Exception:"): ONLY_THESE,
        ("except …", "except BaseException:"): CANCELLED_LATE,
        ("if epoch is not None:", "if epoch:"): "An epoch is never empty.",
    },
    "nothing_lost.send_all": {
        ("except …", "except Exception:"): ONLY_THESE,
        ("except …", "except BaseException:"): CANCELLED_LATE,
        **{
            ('if reply["type"] == "ack":', f"if {loose}:"): "Only an ack or an error has this id."
            for loose in (
                "reply['type'] in 'ack'",
                "'ack' in reply['type']",
                "reply['type'].startswith('ack')",
                "reply['type'].strip() == 'ack'",
                "reply['type'].lower() == 'ack'",
            )
        },
    },
    "nothing_lost.once": {
        ("if now - stored < self.seconds:", "if now - stored <= self.seconds:"): "No message is exactly that old.",
    },
    "nothing_lost.joining": {
        ("store = None # the check puts its store here", "pass # the check puts its store here"): CHECK_SETS_IT,
        ("del self.queues[ws]", "pass"): NOT_LOOKED_AT,
        ("try:", "if True:"): NOT_LOOKED_AT,
        ("except …", "except Exception:"): ONLY_THESE,
        ("except …", "except BaseException:"): CANCELLED_LATE,
        ("except …", "except ZeroDivisionError:"): "A task of a client that has gone may fail: nobody awaits it.",
        ("offset = await self.store.add(text)", "self.offset = await self.store.add(text)"): NO_AWAIT,
        ("self.queues[ws] = queue = asyncio.Queue()", "self.queues[ws] = self.queue = asyncio.Queue()"): NO_AWAIT,
        ('seen = json.loads(await ws.recv())["offset"]', 'self.seen = json.loads(await ws.recv())["offset"]'): NO_AWAIT,
        ("missed = await self.store.since(seen)", "self.missed = await self.store.since(seen)"): NOBODY_BETWEEN,
        (
            "missed = await self.store.since(seen)",
            "missed = await self.store.since(1)",
        ): "What is old is skipped below.",
        ("super().__init__(*args, **options)", "super().__init__(**options)"): NO_OPTIONS,
        ("super().__init__(*args, **options)", "super().__init__(*args)"): NO_OPTIONS,
    },
    "several_servers.one_room": {
        ("hub = None # the check puts its hub here", "pass # the check puts its hub here"): CHECK_SETS_IT,
    },
    "several_servers.unique_name": {
        ("number += 1", "number += 2"): "The task lets numbers be left out.",
        ('return f"guest-{number}"', "pass"): "The next line asks the store, which has just this name.",
        (
            'while not await store.add(f"guest-{number}", session):',
            'while not await store.add(f"guest-{number}", 1):',
        ): "Whose a taken name is, nobody asks: only that it is taken.",
    },
    "several_servers.leases": {
        (
            "self.last = None # when the last message of our own came",
            "type(self).last = vars(type(self)).get('last', None) # when the last message of our own came",
        ): FIRST_VALUE,
    },
    "several_servers.next_server": {
        ('if server["why"] is None:', "if not server['why']:"): "No close code and no HTTP status is 0.",
    },
    "http_vs_websocket.opens": {
        (
            'words = [word.strip().lower() for word in headers.get("connection", "").split(",")]',
            'words = [word.strip().lower() for word in headers.get("connection", \'x\').split(",")]',
        ): OTHER_WORD,
        (
            'and headers.get("upgrade", "").lower() == "websocket"',
            'and headers.get("upgrade", \'x\').lower() == "websocket"',
        ): OTHER_WORD,
        (
            'and headers.get("upgrade", "").lower() == "websocket"',
            "and headers.get('upgrade', '').lower().lower() == 'websocket'",
        ): "Small letters stay small.",
        (
            'and headers.get("upgrade", "").lower() == "websocket"',
            "and headers.get('upgrade', '').lower().strip() == 'websocket'",
        ): NO_SPACES,
    },
    "echo.pieces": {
        (
            'length, start = int.from_bytes(self.left[2:4], "big"), 4',
            "length, start = int.from_bytes(self.left[2:4]), 4",
        ): "Big end first is what `int.from_bytes` does unless told otherwise.",
        (
            'self.left = b"" # bytes of a frame that isn\'t complete',
            "type(self).left = vars(type(self)).get('left', b'') # bytes of a frame that isn't complete",
        ): "The class only has empty bytes to begin with; `+=` makes the object's own.",
    },
    "echo.careful": {
        ("except …", "except Exception:"): ONLY_THESE,
        ("except …", "except BaseException:"): ONLY_THESE,
        ('answer = json.loads(message)["say"]', 'self.answer = json.loads(message)["say"]'): NO_AWAIT,
        (
            """answer = json.dumps({"error": 'expected JSON like {"say": "hello"}'})""",
            """answer = json.dumps({"error": 'expected JSON like {"say": "hello"}x'})""",
        ): OWN_WORDS,
    },
    "echo.goodbye": {("return", "pass"): END_ANYWAY},
    "echo.unmask": {
        ("key, masked = frame[2:6], frame[6:]", "key, masked = frame[2: 7], frame[6:]"): "A fifth byte is never used.",
    },
    "broadcast.bounded": {
        (
            "if client.transport.get_write_buffer_size() > self.MOST:",
            "if client.transport.get_write_buffer_size() >= self.MOST:",
        ): ONE_BYTE,
        ("MOST = 1_000_000", "MOST = 1000001"): ONE_BYTE,
        ("MOST = 1_000_000", "MOST = 999999"): ONE_BYTE,
        ("MOST = 1_000_000", "pass"): "The task gives this line, and the check sets another value.",
        ("limits = Limits(max_unsent=None, stall_timeout=None)", "pass"): GIVEN,
        (
            "limits = Limits(max_unsent=None, stall_timeout=None)",
            "limits = Limits(stall_timeout=None)",
        ): GIVEN,
        ("limits = Limits(max_unsent=None, stall_timeout=None)", "limits = Limits(max_unsent=None)"): GIVEN,
        (
            "for client in list(self.connections):",
            "for client in self.connections:",
        ): "`abort()` takes a client out of the set only after this loop, which does not wait.",
    },
    "broadcast.newest": {
        ("await asyncio.sleep(0.05)", "await asyncio.sleep( 1.05)"): "The task allows 2 seconds.",
        ("self.send_to_ready()", "pass"): "In the handler: the background does the same within 2 seconds. (In the "
        "background it is refused: see `No message will wake a handler up` in test_broadcast_newest.py.)",
        ("self.newest = None", "type(self).newest = vars(type(self)).get('newest', None)"): FIRST_VALUE,
        (
            "self.behind = set() # the clients that don't have the newest value yet",
            "type(self).behind = vars(type(self)).get('behind', set()) # the clients that don't have the newest "
            "value yet",
        ): FIRST_VALUE,
        ("limits = Limits(max_unsent=None, stall_timeout=None)", "pass"): GIVEN,
        ("limits = Limits(max_unsent=None, stall_timeout=None)", "limits = Limits(stall_timeout=None)"): GIVEN,
        ("limits = Limits(max_unsent=None, stall_timeout=None)", "limits = Limits(max_unsent=None)"): GIVEN,
    },
    "rooms.leave_room": {
        ("super().__init__(*args, **options)", "super().__init__(**options)"): NO_OPTIONS,
        ("super().__init__(*args, **options)", "super().__init__(*args)"): NO_OPTIONS,
        ("request = json.loads(text)", "self.request = json.loads(text)"): NO_AWAIT,
    },
    "rooms.private": {
        (
            "room = self.rooms.room_of.get(ws)",
            "self.room = self.rooms.room_of.get(ws)",
        ): NO_AWAIT,
        (
            "found = [member for member in self.rooms.members.get(room, ()) if member.name == request.to]",
            "self.found = [member for member in self.rooms.members.get(room, ()) if member.name == request.to]",
        ): NO_AWAIT,
        (
            "found = [member for member in self.rooms.members.get(room, ()) if member.name == request.to]",
            "found = [member for member in self.rooms.members.get(room, ()) if member.name.strip() == request.to]",
        ): GUESTS,
        (
            "found = [member for member in self.rooms.members.get(room, ()) if member.name == request.to]",
            "found = [member for member in self.rooms.members.get(room, ()) if member.name.lower() == request.to]",
        ): GUESTS,
    },
    "rooms.full_room": {
        ("SEATS = 2", "SEATS = 3"): CHECK_SETS_IT,
        ("SEATS = 2", "SEATS = 1"): CHECK_SETS_IT,
        ("SEATS = 2", "pass"): CHECK_SETS_IT,
        ("clients = self.members.setdefault(room, [])", "self.clients = self.members.setdefault(room, [])"): NO_AWAIT,
        ("place = len(clients) - self.SEATS", "self.place = len(clients) - self.SEATS"): NO_AWAIT,
        ("request = json.loads(text)", "self.request = json.loads(text)"): NO_AWAIT,
        ('seat = {"type": "seat", "room": room}', 'self.seat = {"type": "seat", "room": room}'): NO_AWAIT,
        ("if room is None:", "if not room:"): NOT_EMPTY,
        (
            "elif room is not None and ws in self.members[room][: self.SEATS]:",
            "elif room and ws in self.members[room][: self.SEATS]:",
        ): NOT_EMPTY,
    },
    "auth.first_message": {
        ("except …", "except Exception:"): CLOSED_ALREADY,
        ("except …", "except BaseException:"): CANCELLED_LATE,
        ("message = await ws.recv()", "self.message = await ws.recv()"): NO_AWAIT,
        (
            "claims = self.tokens.verify(decode(message, Authenticate).token)",
            "self.claims = self.tokens.verify(decode(message, Authenticate).token)",
        ): NO_AWAIT,
    },
    "auth.origin_rule": {
        ("if host is None:", "if not host:"): NO_EMPTY,
        (
            'if origin is not None and origin.partition("://")[2] != host:',
            'if origin and origin.partition("://")[2] != host:',
        ): NO_EMPTY,
        ("except …", "except Exception:"): ONLY_THESE,
        ("except …", "except BaseException:"): ONLY_THESE,
    },
    "auth.log_out": {
        (
            'if claims.get("iat", 0) < self.logged_out.get(claims["sub"], 0):',
            'if claims.get("iat", 1) < self.logged_out.get(claims["sub"], 0):',
        ): ANY_1970,
        (
            'if claims.get("iat", 0) < self.logged_out.get(claims["sub"], 0):',
            'if claims.get("iat", -1) < self.logged_out.get(claims["sub"], 0):',
        ): ANY_1970,
        (
            'if claims.get("iat", 0) < self.logged_out.get(claims["sub"], 0):',
            'if claims.get("iat", 0) < self.logged_out.get(claims["sub"], -1):',
        ): ANY_1970,
        ("except …", "except Exception:"): ONLY_THESE,
        ("except …", "except BaseException:"): ONLY_THESE,
        (
            'await asyncio.gather(*(ws.close(1008, "Logged out") for ws in hers))',
            "asyncio.gather(*(ws.close(1008, 'Logged out') for ws in hers))",
        ): "The task doesn't ask that `logout` waits: the tasks of `gather` run on without it.",
        ('token = json.loads(await ws.recv())["token"]', 'self.token = json.loads(await ws.recv())["token"]'): NO_AWAIT,
        ("claims = self.tokens.verify(token)", "self.claims = self.tokens.verify(token)"): NO_AWAIT
        + " (`ws.send` waits only for a client that is stalled.)",
        (
            "hers = [ws for ws, name in self.user_of.items() if name == user]",
            "self.hers = [ws for ws, name in self.user_of.items() if name == user]",
        ): NO_AWAIT,
        (
            'raise InvalidToken("it was issued before its user was logged out")',
            "raise InvalidToken('it was issued before its user was logged outx')",
        ): OWN_WORDS,
        ("super().__init__(*args, **options)", "super().__init__(**options)"): NO_OPTIONS,
        ("super().__init__(*args, **options)", "super().__init__(*args)"): NO_OPTIONS,
    },
    "auth.until_expiry": {
        ("except …", "except Exception:"): CLOSED_ALREADY,
        ("except …", "except BaseException:"): CANCELLED_LATE,
        (
            'claims = self.tokens.verify(json.loads(await ws.recv())["token"])',
            'self.claims = self.tokens.verify(json.loads(await ws.recv())["token"])',
        ): NO_AWAIT + " (`ws.send` waits only for a client that is stalled.)",
    },
    "auth.verify": {
        (
            "except (jwt.PyJWTError, ValueError, RecursionError):",
            "except (jwt.PyJWTError, ValueError, ZeroDivisionError):",
        ): "PyJWT 2.12 and newer turn a RecursionError into a PyJWTError themselves.",
        ("return None", "pass"): RETURNS_NONE,
        ("except …", "except Exception:"): ONLY_THESE,
        ("except …", "except BaseException:"): ONLY_THESE,
    },
    "heartbeat.find_dead": {
        ("return", "pass"): "The next `ping()` raises ConnectionClosed at once, which ends the loop.",
        ("except …", "except Exception:"): ONLY_THESE,
        ("except …", "except BaseException:"): "Cancelled, the function ends too: without an error.",
    },
    "heartbeat.patience": {
        ("patience = 90", "patience = 91"): CHECK_SETS_IT,
        ("patience = 90", "patience = 89"): CHECK_SETS_IT,
        ("patience = 90", "pass"): CHECK_SETS_IT,
        ("keepalive = None", "pass"): GIVEN,
        ("return", "pass"): "The connection is closed by then, so the next `recv()` raises ConnectionClosed.",
        ("except TimeoutError:", "except Exception:"): CLOSED_ALREADY,
        ("except TimeoutError:", "except BaseException:"): CANCELLED_LATE,
        ("except ValueError:", "except Exception:"): ONLY_THESE,
        ("except ValueError:", "except BaseException:"): ONLY_THESE,
        (
            'is_ping = json.loads(message) == {"type": "ping"}',
            'self.is_ping = json.loads(message) == {"type": "ping"}',
        ): NO_AWAIT,
        (
            "message = await asyncio.wait_for(ws.recv(), self.patience)",
            "self.message = await asyncio.wait_for(ws.recv(), self.patience)",
        ): NO_AWAIT,
    },
    "heartbeat.tunnel": {
        ("grace = 20", "grace = 21"): CHECK_SETS_IT,
        ("grace = 20", "grace = 19"): CHECK_SETS_IT,
        ("grace = 20", "pass"): CHECK_SETS_IT,
        ("self.departures[name] += 1", "self.departures[name] += 2"): ANY_NUMBER,
        ("self.departures[name] += 1", "self.departures[name] -= 1"): ANY_NUMBER,
        (
            "if self.devices.get(name) == 0 and self.departures[name] == mine:",
            "if self.devices.get(name) == 0 and self.departures[name] is mine:",
        ): "As long as nobody has counted on, it is the same object.",
        (
            "if self.devices[name] == 0:",
            "if True:",
        ): "After any other departure there is a device left, or a later departure.",
        ("super().__init__(*args, **options)", "super().__init__(**options)"): NO_OPTIONS,
        ("super().__init__(*args, **options)", "super().__init__(*args)"): NO_OPTIONS,
    },
    "own_project.healthy": {
        ("except …", "except Exception:"): ONLY_THESE,
        ("except …", "except BaseException:"): CANCELLED_LATE,
    },
    "own_project.finds": {
        ("await talk.has_connections(server, 2)", "await talk.has_connections(server, 3)"): NO_WAIT,
        ("await talk.has_connections(server, 2)", "pass"): NO_WAIT,
        ("await talk.has_connections(server, 2)", "talk.has_connections(server, 2)"): NO_WAIT,
        (
            'ann, bob = await talk.clients(server, "Ann", "Bob")',
            """ann, bob = await talk.clients(server, 'Annx', "Bob")""",
        ): (OTHER_NAME),
        (
            'ann, bob = await talk.clients(server, "Ann", "Bob")',
            """ann, bob = await talk.clients(server, "Ann", 'Bobx')""",
        ): (OTHER_NAME),
        ('zoe = await talk.client(net, "Zoe")', "zoe = await talk.client(net, 'Zoex')"): OTHER_NAME,
    },
    "own_project.interval": {
        ('if proxy["idle"] is None:', "if not proxy['idle']:"): "No proxy cuts after 0 s: nothing could be sent.",
        **{
            ('if proxy["reset_by"] == "client" and not replies:', f"if {loose} and not replies:"): THREE_WORDS
            for loose in (
                "proxy['reset_by'] in 'client'",
                "'client' in proxy['reset_by']",
                "proxy['reset_by'].startswith('client')",
                "proxy['reset_by'].strip() == 'client'",
                "proxy['reset_by'].lower() == 'client'",
            )
        },
    },
    "own_project.metrics": {
        (
            'return {"open": len(self.connections), "unsent": unsent, "ends": dict(self.ends)}',
            'return {"open": len(self.connections), "unsent": unsent, "ends": self.ends}',
        ): "A Counter is a dictionary, and the task doesn't ask for a copy.",
    },
    "robustness.fair_share": {
        ("return", "pass"): "The connection is closed by then: its slot is given back at once.",
        ("if self.slots[user] == 0:", "if self.slots[user] == -1:"): MAY_STAY,
        ("if self.slots[user] == 0:", "pass"): MAY_STAY,
        ("if self.slots[user] == 0:", "if False:"): MAY_STAY,
        ("del self.slots[user]", "pass"): MAY_STAY,
    },
    "robustness.goodbye": {
        (
            "with suppress(TimeoutError):",
            "with suppress(Exception):",
        ): ONLY_THESE,
    },
    "robustness.nothing_lost": {
        ("KEEP = 100", "KEEP = 101"): CHECK_SETS_IT,
        ("KEEP = 100", "KEEP = 99"): CHECK_SETS_IT,
        ("self.live.discard(ws)", "pass"): BROADCAST_SKIPS,
        ("try:", "if True:"): BROADCAST_SKIPS,
    },
    "robustness.useful_error": {
        ("except …", "except Exception:"): ONLY_THESE,
        ("except …", "except BaseException:"): ONLY_THESE,
        (
            'answer = {"message": json.loads(data)["message"].upper()}',
            'self.answer = {"message": json.loads(data)["message"].upper()}',
        ): NO_AWAIT,
        (
            """answer = {"type": "error", "message": 'expected an object such as {"message": "hi"}'}""",
            """answer = {"type": "error", "message": 'expected an object such as {"message": "hi"}x'}""",
        ): OWN_WORDS,
    },
}
for same in ("rooms.no_empty_rooms", "rooms.presence"):
    EQUIVALENT[same] = dict(EQUIVALENT["rooms.leave_room"])
    EQUIVALENT[same]["if room is None:", "if not room:"] = NOT_EMPTY
    EQUIVALENT[same]["elif room is not None:", "elif room:"] = NOT_EMPTY
for rooms in ("rooms.leave_room", "rooms.no_empty_rooms", "rooms.presence", "rooms.full_room"):
    for loose in (
        "request['type'] in 'join-room'", "'join-room' in request['type']", "request['type'].startswith('join-room')",
        "request['type'].strip() == 'join-room'", "request['type'].lower() == 'join-room'",
    ):  # fmt: skip
        EQUIVALENT[rooms]['if request["type"] == "join-room":', f"if {loose}:"] = TWO_TYPES


def entry(exercise: str, change: tuple[str, str]) -> tuple[str, str] | None:
    """Return the key of the entry that says why this change of an exercise's solution is as right, or None."""
    gone, new = change
    for key in EQUIVALENT.get(exercise, {}):
        prefix = key[0].removesuffix("…")
        if new == key[1] and (gone.startswith(prefix) if prefix != key[0] else gone == prefix):
            return key
    return None
