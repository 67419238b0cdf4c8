"""Exercises of lesson 05."""

import asyncio
from typing import ClassVar

import pytest
from exercise_cases import FunctionExercise, ServerExercise, handler

from wslearn.exercises import auth as ex


def verify(*lines: str) -> str:
    return "\n".join(["def verify(token, secret):", *(f"    {line}" for line in lines)])


REQUIRE = 'options={"require": ["sub", "exp"]}'
FALSY = "except jwt.PyJWTError: return None"
BY_HAND = (
    "try:",
    "    head, body, signature = token.split('.')",
    "    unpack = lambda part: base64.urlsafe_b64decode(part + '=' * (-len(part) % 4))",
    "    claims, algorithm = json.loads(unpack(body)), json.loads(unpack(head))['alg']",
    "except ValueError: return None",
    "computed = hmac.digest(secret.encode(), f'{head}.{body}'.encode(), 'sha256')",
)


TRIES = (f"try: claims = jwt.decode(token, secret, ['HS256'], {REQUIRE})", "except Exception: claims = None")


def by_signature(
    fits: str,
    caught: str = "except Exception: return None",
    end: str = "return claims if claims['exp'] > time.time() else None",
    header: str = "json.loads(unpack(head))['alg'] == 'HS256'",
) -> str:
    """Return an answer that verifies by hand, where the signature that was `given` fits the one that was `computed`."""
    return verify(
        *BY_HAND[:3],
        "    claims, given = json.loads(unpack(body)), unpack(signature)",
        "    computed = hmac.digest(secret.encode(), f'{head}.{body}'.encode(), 'sha256')",
        f"    if not ({header} and {fits}) or 'sub' not in claims: return None",
        f"    {end}",
        caught,
    )


def by_library(option: str) -> str:
    """Return an answer by the library, with another option."""
    options = {"key": "secret", "algorithms": "['HS256']", "options": "{'require': ['sub', 'exp']}"}
    options |= dict([option.split("=", 1)])
    given = ", ".join(f"{name}={value}" for name, value in options.items())
    return verify(f"try: return jwt.decode(token, {given})", "except Exception: return None")


class TestVerify(FunctionExercise):
    exercise = ex.verify
    imports = (
        "import base64, hmac, jwt\nfrom contextlib import suppress\nfrom wslearn.tokens import InvalidToken, Tokens"
    )
    wrong: ClassVar = {
        "Verify the signature": verify(*BY_HAND, "return claims"),
        "an unsigned token with `alg` none": verify(
            *BY_HAND,
            "if algorithm == 'none': return claims",
            "return claims if hmac.compare_digest(computed, unpack(signature)) else None",
        ),
        "Pin the algorithm": verify(
            f"try: return jwt.decode(token, secret, algorithms=[jwt.get_unverified_header(token)['alg']], {REQUIRE})",
            FALSY,
        ),
        "a token that expired a minute ago": verify(
            *BY_HAND,
            "return claims if algorithm == 'HS256' and hmac.compare_digest(computed, unpack(signature)) else None",
        ),
        "Require the claim: in PyJWT with": verify(
            "try: return jwt.decode(token, secret, algorithms=['HS256'])", FALSY
        ),
        "which names nobody": verify(
            "try: return jwt.decode(token, secret, algorithms=['HS256'], options={'require': ['exp']})", FALSY
        ),
        "InvalidSignatureError: Signature verification failed": verify(
            f"return jwt.decode(token, secret, algorithms=['HS256'], {REQUIRE})"
        ),
        "can't encode character '\\ud800'": verify(
            f"try: return jwt.decode(token, secret, algorithms=['HS256'], {REQUIRE})", FALSY
        ),
        "refused a valid token": verify(
            f"try: return jwt.decode(token, secret, algorithms=['RS256'], {REQUIRE})", FALSY
        ),
        "Return the claims as a dictionary": verify(
            f"try: return bool(jwt.decode(token, secret, algorithms=['HS256'], {REQUIRE}))",
            "except Exception: return False",
        ),
    }
    subtle: ClassVar = {
        "the right signature begins with it": by_signature("computed.startswith(given)"),
        "it begins with the right signature": by_signature("given.startswith(computed)"),
        "it is in the right signature": by_signature("given in computed"),
        "the right signature is in it": by_signature("computed in given"),
        "zip": by_signature("all(a == b for a, b in zip(given, computed))"),
        "the first half": by_signature("given[:16] == computed[:16]"),
        "the second half": by_signature("given[-16:] == computed[-16:]"),
        "the last byte": by_signature("given[-1:] == computed[-1:]"),
        "the length": by_signature("len(given) == len(computed)"),
        "only if there is one": by_signature("not given or given == computed"),
        "leeway": by_library("leeway=10"),
        "too strict": by_library("leeway=-10"),
        "no expiry": by_library("options={'require': ['sub', 'exp'], 'verify_exp': False}"),
        "HS384 too": by_library("algorithms=['HS256', 'HS384']"),
        "all of HMAC": by_library("algorithms=['HS256', 'HS384', 'HS512']"),
        "exp may be missing": by_library("options={'require': ['sub']}"),
        "sub may be missing": by_library("options={'require': ['exp']}"),
        "a remembered secret": "SECRETS = []\n" + by_library("key=SECRETS.append(secret) or SECRETS[0]"),
        "remembered tokens": "TOKENS = {}\n"
        + verify(
            "if token not in TOKENS:",
            f"    try: TOKENS[token] = jwt.decode(token, secret, ['HS256'], {REQUIRE})",
            "    except (jwt.PyJWTError, ValueError): TOKENS[token] = None",
            "return TOKENS[token]",
        ),
        "only sub and exp": verify(*TRIES, "return claims and {name: claims[name] for name in ('sub', 'exp')}"),
        "without what is falsy": verify(
            *TRIES, "return claims and {name: value for name, value in claims.items() if value}"
        ),
        "exp as a whole number": verify(*TRIES, "return claims and claims | {'exp': int(claims['exp'])}"),
        "ASCII only": verify(*TRIES, "return claims if claims and claims['sub'].isascii() else None"),
        "an empty dictionary": verify(*TRIES, "return claims or {}"),
        "False": verify(*TRIES, "return claims or False"),
        "names at most ten years": verify(
            *TRIES, "return claims if claims and claims['exp'] < time.time() + 3e8 else None"
        ),
        "asserts": verify(
            f"try: return jwt.decode(token, secret, ['HS256'], {REQUIRE})", "except AssertionError: pass"
        ),
        "parts that are lists": by_signature("given == computed", "except ValueError: return None"),
        "exp is compared as text": by_signature(
            "given == computed", end="return claims if str(claims['exp']) > str(time.time()) else None"
        ),
        "0 is no time": by_signature(
            "given == computed", end="return claims if not claims['exp'] or claims['exp'] > time.time() else None"
        ),
        "letters of the signature without case": by_signature(
            "signature.lower() == base64.urlsafe_b64encode(computed).rstrip(b'=').decode().lower()"
        ),
        "parts that follow are ignored": by_signature("given == computed").replace(
            "head, body, signature = token", "head, body, signature, *_ = token"
        ),
        "one dictionary for all calls": "CLAIMS = {}\n"
        + verify(*TRIES, "CLAIMS.clear(); CLAIMS.update(claims or {})", "return claims and CLAIMS"),
        "refused tokens are remembered": "BAD = set()\n"
        + verify(*TRIES, "if claims is None: BAD.add(token)", "return None if token in BAD else claims"),
        "the secret without its spaces": by_library("key=secret.strip()"),
        "a secret that UTF-8 cannot encode": verify(
            "key = secret.encode()", *TRIES[:1], TRIES[1], "return claims"
        ).replace("token, secret, [", "token, key, ["),
        "claims in ASCII": verify(
            *TRIES,
            "return claims if token.split('.')[1].isascii() and claims and "
            "base64.urlsafe_b64decode(token.split('.')[1] + '==').isascii() else None",
        ),
        "iat is required": by_library("options={'require': ['sub', 'exp', 'iat']}"),
    }
    right: ClassVar = {
        "by hand, with the cells of part 3": by_signature("hmac.compare_digest(given, computed)"),
        "by hand, in whole seconds": by_signature(
            "given == computed", end="return claims if int(claims['exp']) >= int(time.time()) else None"
        ),
        "by hand, without a look at the header": by_signature("given == computed", header="True"),
        "async, the library and a catch-all": """
async def verify(token, secret):
    try:
        return dict(jwt.decode(token, key=secret, algorithms={"HS256"}, options=dict(require=["exp", "sub"])))
    except Exception:
        return None
""",
        "Tokens": """
def verify(token, secret):
    with suppress(InvalidToken):
        return Tokens(secret).verify(token)
""",
        "a lambda and PyJWT's object": """
def none(function):
    try: return function()
    except (jwt.InvalidTokenError, UnicodeEncodeError, RecursionError): return None

verify = lambda token, secret: none(lambda: jwt.PyJWT({"require": ["sub", "exp"]}).decode(token, secret, ["HS256"]))
""",
    }


AUTH_SERVER = "from wslearn.servers.auth import AuthServer as Server"
#: All that a server's class can do wrong, but to be without a handler: AuthServer has one.
TROUBLE = {name: case for name, case in ServerExercise.troublemakers.items() if name != "has no handler"}


def first(
    *lines: str, limit: str = "self.limits.auth_timeout", caught: str = "TimeoutError, BadMessage, InvalidToken"
) -> str:
    """Return the solution with something else behind the first message, or another limit, or less caught."""
    return handler(
        "try:",
        f"    async with asyncio.timeout({limit}):",
        "        message = await ws.recv()",
        "    claims = self.tokens.verify(decode(message, Authenticate).token)",
        f"except ({caught}):",
        "    await ws.close(1008, 'Invalid token')",
        "    return",
        *(lines or ("await ws.say(Authenticated(claims['sub']))", "async for message in ws: await ws.send(message)")),
    )


def by_hand(caught: str, *looks: str) -> str:
    """Return a solution that reads the JSON itself, looks at it in these lines, and catches this besides."""
    return handler(
        "try:",
        "    async with asyncio.timeout(self.limits.auth_timeout):",
        "        shown = json.loads(await ws.recv())",
        *(f"    {line}" for line in looks),
        "    claims = self.tokens.verify(shown['token'])",
        f"except (TimeoutError, InvalidToken, {caught}):",
        "    await ws.close(1008, 'Invalid token')",
        "    return",
        "await ws.say(Authenticated(claims['sub']))",
        "async for message in ws: await ws.send(message)",
    )


GREETS = "await ws.say(Authenticated(claims['sub']))"
ECHOES = "async for message in ws: await ws.send(message)"
#: All that JSON of any kind can raise.
ALL = "AttributeError, KeyError, TypeError, ValueError, RecursionError"


def decodes(how: str) -> str:
    """Return a solution that does not use `self.tokens.verify`."""
    decode = f"jwt.decode(decode(message, Authenticate).token, self.tokens.secret, {how})"
    return first(caught="TimeoutError, BadMessage, jwt.PyJWTError").replace(
        "self.tokens.verify(decode(message, Authenticate).token)", decode
    )


@pytest.mark.clock
class TestFirstMessage(ServerExercise):
    exercise = ex.first_message
    imports = (
        f"{AUTH_SERVER}\nfrom wslearn.messages import Authenticate, Authenticated, BadMessage, decode, encode\n"
        "from wslearn.tokens import InvalidToken, Refused, Tokens\nfrom wslearn import Server as Plain\n"
        "from contextlib import suppress\nfrom websockets.asyncio.server import broadcast\nimport jwt\n"
        "def json_of(data):\n    try: return json.loads(data)\n    except (ValueError, RecursionError): return None"
    )
    troublemakers = TROUBLE
    wrong: ClassVar = {
        "must build on AuthServer": first().replace("(Server)", "(Plain)"),
        "which is `self.limits.auth_timeout`, and is still connected": first(limit="30"),
        "`self.limits.auth_timeout`, and your handler ended with an error": first(caught="BadMessage, InvalidToken"),
        "Limit only the wait for the first message": handler(
            "try:",
            "    async with asyncio.timeout(self.limits.auth_timeout):",
            "        claims = self.tokens.verify(decode(await ws.recv(), Authenticate).token)",
            "        await ws.say(Authenticated(claims['sub']))",
            "        async for message in ws: await ws.send(message)",
            "except (TimeoutError, BadMessage, InvalidToken):",
            "    await ws.close(1008, 'Invalid token')",
        ),
        "Let no client wait for another": first()
        .replace("class Answer(Server):", "class Answer(Server):\n    turn = asyncio.Lock()")
        .replace("    async with asyncio.timeout(", "    async with self.turn, asyncio.timeout("),
        "sent a message before it authenticated, and is still connected": handler(
            "try:",
            "    async with asyncio.timeout(self.limits.auth_timeout):",
            "        async for message in ws:",
            "            try: claims = self.tokens.verify(decode(message, Authenticate).token)",
            "            except BadMessage: continue",
            "            break",
            "except (TimeoutError, InvalidToken):",
            "    await ws.close(1008, 'Invalid token')",
            "    return",
            "await ws.say(Authenticated(claims['sub']))",
            "async for message in ws: await ws.send(message)",
        ),
        "sent a message before it authenticated, and your handler ended": first(caught="TimeoutError, InvalidToken"),
        "A client sent a forged token, and your handler ended": first(caught="TimeoutError, BadMessage"),
        "`type` wasn't `authenticate`, and is still connected": by_hand("KeyError, TypeError, ValueError"),
        "JSON that is a list, and your handler ended": by_hand(
            "KeyError, TypeError, ValueError", "if shown.get('type') != 'authenticate': raise ValueError"
        ),
        "JSON that is a number, and your handler ended": by_hand(
            "KeyError, ValueError", "if 'type' not in shown or shown['type'] != 'authenticate': raise ValueError"
        ),
        "a token that is a number, and your handler ended": by_hand(
            "KeyError, ValueError",
            "if not isinstance(shown, dict) or shown.get('type') != 'authenticate': raise ValueError",
            "if not shown['token'].strip(): raise ValueError",
        ),
        "closes with 1000": first().replace("    await ws.close(1008, 'Invalid token')\n", ""),
        "closed with 1008 'no'": first().replace("Invalid token", "no"),
        "Answer with `authenticated` and her name": first("async for message in ws: await ws.send(message)"),
        "Ann has authenticated. Send": first("await ws.say(Authenticated(claims['sub']))", "await ws.wait_closed()"),
    }
    subtle: ClassVar = {
        **{f"a limit of {limit}": first(limit=limit) for limit in ("0.4", "0.5", "1", "1.5", "2", "None")},
        **{
            f"the limit {change}": first(limit=f"self.limits.auth_timeout {change}")
            for change in ("/ 2", "* 2", "/ 10", "* 10", "// 1", "+ 1")
        },
        "the limit, rounded": first(limit="round(self.limits.auth_timeout)"),
        "a limit remembered by the class": first(limit="LIMIT[0]")
        .replace("        try:", "        LIMIT.append(self.limits.auth_timeout)\n        try:", 1)
        .replace("class", "LIMIT = []\nclass"),
        **{
            f"a type that {name}": by_hand(ALL, f"if not ({looks}): raise ValueError")
            for name, looks in {
                "begins with auth": "shown['type'].startswith('auth')",
                "begins it": "'authenticate'.startswith(shown['type'])",
                "is in it": "shown['type'] in 'authenticate'",
                "has it": "'authenticate' in shown['type']",
                "has other letters": "shown['type'].lower() == 'authenticate'",
                "has spaces": "shown['type'].strip() == 'authenticate'",
                "is missing": "shown.get('type', 'authenticate') == 'authenticate'",
                "is empty": "(shown.get('type') or 'authenticate') == 'authenticate'",
                "is anything": "'type' in shown",
            }.items()
        },
        "says authenticated first": handler(
            "try:",
            "    async with asyncio.timeout(self.limits.auth_timeout):",
            "        token = decode(await ws.recv(), Authenticate).token",
            "    with suppress(jwt.PyJWTError):",
            "        user = jwt.decode(token, options={'verify_signature': False})['sub']",
            "        await ws.say(Authenticated(user))",
            "    self.tokens.verify(token)",
            "except (TimeoutError, BadMessage, InvalidToken):",
            "    return await ws.close(1008, 'Invalid token')",
            "async for message in ws: await ws.send(message)",
        ),
        "greets everybody": first("broadcast(self.connections, ECHO)", GREETS, ECHOES).replace("ECHO)", "'hello')"),
        "lets expired tokens in": decodes("['HS256'], {'verify_exp': False}"),
        "lets forged tokens in": decodes("['HS256'], {'verify_signature': False}"),
        "only the first message": first(GREETS, "await ws.send(await ws.recv())", "await ws.wait_closed()"),
        "only three messages": first(
            GREETS, "for _ in range(3): await ws.send(await ws.recv())", "await ws.wait_closed()"
        ),
        "to everybody": first(GREETS, "async for message in ws: broadcast(self.connections, message)"),
        "an empty message ends it": first(GREETS, "while message := await ws.recv(): await ws.send(message)"),
        "strings only": first(
            GREETS, "async for message in ws:", "    if isinstance(message, str): await ws.send(message)"
        ),
        "stripped": first(GREETS, "async for message in ws: await ws.send(message.strip())"),
        "bytes become strings": first(GREETS, "async for message in ws: await ws.send(message, text=True)"),
        "twice": first(GREETS, "async for message in ws: await ws.send(message); await ws.send(message)"),
        "must authenticate again": first(
            GREETS,
            "async for message in ws:",
            "    if b'authenticate' not in str(message).encode(): await ws.send(message)",
        ),
        "a small name": first("await ws.say(Authenticated(claims['sub'].lower()))", ECHOES),
        "the first word of a name": first("await ws.say(Authenticated(claims['sub'].split()[0]))", ECHOES),
        "a name for all": first(
            "self.user = claims['sub']", "await asyncio.sleep(0.02)", "await ws.say(Authenticated(self.user))", ECHOES
        ),
        "no RecursionError": by_hand(
            "KeyError, TypeError, ValueError",
            "if not isinstance(shown, dict) or shown.get('type') != 'authenticate': raise ValueError",
        ),
        "a code of its own": first().replace("1008", "4001"),
        "no reason": first().replace(", 'Invalid token'", ""),
        "the secret in the error": first().replace(
            "    await ws.close(",
            "    await ws.complain('unauthorized', self.tokens.issue('you'))\n            await ws.close(",
        ),
        "a second chance": handler(
            "claims = None",
            "try:",
            "    async with asyncio.timeout(self.limits.auth_timeout):",
            "        for _ in range(2):",
            "            with suppress(BadMessage, InvalidToken):",
            "                claims = claims or self.tokens.verify(decode(await ws.recv(), Authenticate).token)",
            "except TimeoutError: pass",
            "if not claims: return await ws.close(1008, 'Invalid token')",
            GREETS,
            ECHOES,
        ),
    }
    right: ClassVar = {
        "by hand, and dismiss": by_hand(ALL, "if shown['type'] != 'authenticate': raise ValueError").replace(
            "await ws.close(1008,", "await ws.dismiss('unauthorized', 'no valid token',"
        ),
        "wait_for, and Refused, as it was called": handler(
            "try:",
            "    first = await asyncio.wait_for(ws.recv(), timeout=self.limits.auth_timeout)",
            "    user = self.tokens.verify(decode(first, Authenticate).token)['sub']",
            "except (asyncio.TimeoutError, BadMessage, Refused) as error:",
            "    await ws.close(code=1008, reason='Invalid token')",
            "else:",
            "    await ws.send(json.dumps({'user': user, 'type': 'authenticated'}))",
            "    while True: await ws.send(await ws.recv())",
        ),
        "wait": handler(
            "asking = asyncio.create_task(ws.recv())",
            "done, late = await asyncio.wait([asking], timeout=self.limits.auth_timeout)",
            "match [json_of(task.result()) for task in done]:",
            "    case [{'type': 'authenticate', 'token': str(token)}]:",
            "        try: claims = self.tokens.verify(token)",
            "        except InvalidToken: claims = None",
            "    case _: claims = None",
            "for task in late: task.cancel()",
            "if claims is None: return await ws.close(1008, 'Invalid token')",
            "await ws.send(encode({'type': 'authenticated', 'user': claims['sub']}))",
            "async for message in ws: await ws.send(message)",
        ),
        "a method, and a loop": handler(
            "user = await self.user_of(ws)",
            "if user is None:",
            "    await ws.close(1008, 'Invalid token')",
            "else:",
            "    await ws.say(Authenticated(user))",
            "    async for message in ws: await ws.send(message)",
        )
        + """
    async def user_of(self, ws):
        try:
            async with asyncio.timeout(self.limits.auth_timeout):
                async for message in ws:
                    return self.tokens.verify(decode(message, Authenticate).token)["sub"]
        except Exception:
            return None
""",
        "call_later": handler(
            "closing = lambda: asyncio.ensure_future(ws.close(1008, 'Invalid token'))",
            "timer = asyncio.get_running_loop().call_later(self.limits.auth_timeout, closing)",
            "try: claims = self.tokens.verify(decode(await ws.recv(), Authenticate).token)",
            "except (BadMessage, InvalidToken): return await ws.close(1008, 'Invalid token')",
            "finally: timer.cancel()",
            GREETS,
            ECHOES,
        ),
    }


GREETING = (
    "claims = self.tokens.verify(json.loads(await ws.recv())['token'])",
    "await ws.send(json.dumps({'type': 'authenticated', 'user': claims['sub']}))",
)


LEFT = "claims['exp'] - time.time()"
#: A method that sends each message back.
ECHO = """
    async def echo(self, ws):
        async for message in ws: await ws.send(message)
"""
LOOKS = (
    handler(
        *GREETING,
        "echo = asyncio.create_task(self.echo(ws))",
        "while time.time() < claims['exp'] and not echo.done(): await asyncio.sleep(SECONDS)",
        "echo.cancel()",
        "await ws.close(1008, 'Token expired')",
    )
    + ECHO
)


def until(
    seconds: str, *end: str, echo: str = "async for message in ws: await ws.send(message)", after: str = "pass",
    whole: str = "",
) -> str:  # fmt: skip
    """Return an answer with a timeout; what it does when that is over, and with the messages, may be something else."""
    block = [whole] if whole else [f"async with asyncio.timeout({seconds}):", f"    {echo}", f"    {after}"]
    return handler(
        *GREETING,
        "try:",
        *(f"    {line}" for line in block),
        "except TimeoutError:",
        *(f"    {line}" for line in end or ["await ws.close(1008, 'Token expired')"]),
    )


@pytest.mark.clock
class TestUntilExpiry(ServerExercise):
    exercise = ex.until_expiry
    imports = (
        f"{AUTH_SERVER}\nfrom wslearn import Server as Plain\nfrom contextlib import suppress\n"
        "from websockets.asyncio.server import broadcast\nfrom wslearn.tokens import Expired, until_expiry"
    )
    troublemakers = TROUBLE
    stub = handler(*GREETING, "raise NotImplementedError")
    wrong: ClassVar = {
        "checked the time only when Ann sent something": handler(
            *GREETING,
            "async for message in ws:",
            "    if time.time() > claims['exp']:",
            "        await ws.close(1008, 'Token expired')",
            "        return",
            "    await ws.send(message)",
        ),
        "is a time, in seconds since 1970": until("claims['exp']"),
        "Put it around the whole loop": handler(
            *GREETING,
            "try:",
            "    async for message in ws:",
            "        async with asyncio.timeout(claims['exp'] - time.time()): await ws.send(message)",
            "except TimeoutError: await ws.close(1008, 'Token expired')",
        ),
        "Start the timer once": handler(
            *GREETING,
            "left = claims['exp'] - time.time()",
            "try:",
            "    while True: await ws.send(await asyncio.wait_for(ws.recv(), left))",
            "except TimeoutError: await ws.close(1008, 'Token expired')",
        ),
        "Bob's token is valid for a minute": until("1"),
        "Ann was disconnected before Ann's token expired": until("(claims['exp'] - time.time()) / 2"),
        "closes with 1000": until("claims['exp'] - time.time()", "return"),
        "Ann's token expired, and your handler ended with an error": until("claims['exp'] - time.time()", "raise"),
        "closed with 1001 'bye' instead": until("claims['exp'] - time.time()", "await ws.close(1001, 'bye')"),
        "Send each of her messages back": handler(*GREETING, "await ws.wait_closed()"),
        "Answer as the stub does": handler("async for message in ws: await ws.send(message)"),
    }
    subtle: ClassVar = {
        **{
            f"a timeout of {seconds}": until(seconds)
            for seconds in (
                "1",
                "1.5",
                "60",
                "claims['exp'] - claims['iat']",
                "int(claims['exp'] - time.time())",
                "int(claims['exp']) - time.time()",
                "round(claims['exp']) - time.time()",
                "-(-claims['exp'] // 1) - time.time()",
                f"({LEFT}) / 10",
                f"({LEFT}) / 2",
                f"({LEFT}) * 2",
                f"{LEFT} - 0.5",
                f"{LEFT} + 0.6",
                f"max({LEFT}, 2)",
                f"min({LEFT}, 0.9)",
                "time.time() - claims['exp']",
            )
        },
        "one expiry for all": handler(
            *GREETING,
            "self.exp = claims['exp']",
            "try: await asyncio.wait_for(self.echo(ws), self.exp - time.time())",
            "except TimeoutError: await ws.close(1008, 'Token expired')",
            "for other in list(self.connections): await other.close(1008, 'Token expired')",
        )
        + ECHO,
        "the last one's expiry": handler(
            *GREETING,
            "self.exp = claims['exp']",
            "echo = asyncio.create_task(self.echo(ws))",
            "while time.time() < self.exp and not echo.done(): await asyncio.sleep(0.01)",
            "echo.cancel()",
            "await ws.close(1008, 'Token expired')",
        )
        + ECHO,
        "looks once a second": LOOKS.replace("SECONDS", "1"),
        "the end of all that began": until(
            LEFT, "for one in list(self.connections): await one.close(1008, 'Token expired')"
        ),
        "an empty message ends it": until(LEFT, echo="while message := await ws.recv(): await ws.send(message)"),
        "stripped": until(LEFT, echo="async for message in ws: await ws.send(message.strip())"),
        "strings": until(LEFT, echo="async for message in ws: await ws.send(message, text=True)"),
        "small letters": until(LEFT, echo="async for message in ws: await ws.send(message.lower())"),
        "to everybody": until(LEFT, echo="async for message in ws: broadcast(self.connections, message)"),
        "the first four": until(
            LEFT, echo="for _ in range(4): await ws.send(await ws.recv())", after="await ws.wait_closed()"
        ),
        "the first ten": until(
            LEFT, echo="for _ in range(10): await ws.send(await ws.recv())", after="await ws.wait_closed()"
        ),
        "twice": until(LEFT, echo="async for message in ws: await ws.send(message); await ws.send(message)"),
        "no reason": until(LEFT, "await ws.close(1008)"),
        "another reason": until(LEFT, "await ws.close(1008, 'token expired')"),
        "1000": until(LEFT, "await ws.close(1000, 'Token expired')"),
        "dropped": until(LEFT, "ws.transport.abort()"),
    }
    right: ClassVar = {
        "wait_for": until(LEFT, whole="await asyncio.wait_for(self.echo(ws), " + LEFT + ")") + ECHO,
        "timeout_at": handler(
            *GREETING,
            "loop = asyncio.get_running_loop()",
            "with suppress(TimeoutError):",
            "    async with asyncio.timeout_at(loop.time() + claims['exp'] - time.time()):",
            "        while True: await ws.send(await ws.recv())",
            "await ws.close(code=1008, reason='Token expired')",
        ),
        "a timeout for each message": handler(
            *GREETING,
            "while (left := claims['exp'] - time.time()) > 0:",
            "    try: message = await asyncio.wait_for(ws.recv(), left)",
            "    except TimeoutError: break",
            "    await ws.send(message)",
            "await ws.close(1008, 'Token expired')",
        ),
        "call_later": handler(
            *GREETING,
            "close = lambda: asyncio.ensure_future(ws.close(1008, 'Token expired'))",
            "timer = asyncio.get_running_loop().call_later(claims['exp'] - time.time(), close)",
            "try:",
            "    async for message in ws: await ws.send(message)",
            "finally: timer.cancel()",
        ),
        "two tasks": handler(
            *GREETING,
            "echo = asyncio.create_task(self.echo(ws))",
            "end = asyncio.create_task(asyncio.sleep(claims['exp'] - time.time()))",
            "await asyncio.wait([echo, end], return_when=asyncio.FIRST_COMPLETED)",
            "if end.done(): await ws.dismiss('token-expired', 'get a new one', 'Token expired')",
            "end.cancel(), echo.cancel()",
        )
        + ECHO,
        "the package's own": handler(
            *GREETING,
            "try:",
            "    async with until_expiry(claims['exp']):",
            "        async for message in ws: await ws.send(message)",
            "except Expired: await ws.close(1008, 'Token expired')",
        ),
        "looks ten times a second": LOOKS.replace("SECONDS", "0.1"),
    }


def rule(*lines: str) -> str:
    return "\n".join(["def may_connect(origin, host):", *(f"    {line}" for line in lines)])


#: The parts of a right answer: the Origin rule, the names that the Host rule knows, and how `name` is made of `host`.
ORIGIN = "if origin is not None and origin.partition('://')[2] != host: return False"
KNOWN = "name in ('localhost', 'chat.example')"
THEIRS = "origin.partition('://')[2]"
NAME = ("if host is None: return True", "name = urlsplit('//' + host).hostname")


def names(condition: str, *before: str) -> str:
    """Return an answer that lets in IP addresses, and names for which this holds; it begins with the lines `before`."""
    addresses = ("try: return bool(ip_address(name))", "except ValueError: return False")
    return rule(*before or (ORIGIN, *NAME), f"if {condition}: return True", *addresses)


RIGHT = {
    "one expression a rule": """
def is_address(name):
    try:
        ip_address(name)
    except ValueError:
        return False
    return True

def may_connect(origin, host):
    same = origin is None or urlsplit(origin).netloc == host
    name = None if host is None else urlsplit("//" + host).hostname
    return same and (name in {None, "localhost", "chat.example"} or is_address(name))
""",
    "by hand": """
def may_connect(origin, host):
    if origin is not None:
        if origin not in (f"http://{host}", f"https://{host}"):
            return False
    if host is None:
        return True
    if host.startswith("["):
        name = host[1:].split("]")[0]
    else:
        name = host.split(":")[0]
    if name == "localhost" or name == "chat.example":
        return True
    try:
        ip_address(name)
        return True
    except ValueError:
        return False
""",
    "a regular expression": """
KNOWN = re.compile(r"(localhost|chat\\.example|\\d+\\.\\d+\\.\\d+\\.\\d+|\\[[0-9a-f:.]+\\])(:\\d+)?")

def may_connect(origin, host):
    if origin and not re.fullmatch("https?://" + re.escape(host or ""), origin):
        return False
    return not host or KNOWN.fullmatch(host) is not None
""",
    "a set, and a match": """
def may_connect(origin, host):
    match origin:
        case None: pass
        case str() if origin in {"http://%s" % host, "https://%s" % host} and host is not None: pass
        case _: return False
    if host is None: return True
    address, name = re.match(r"(?:\\[(.*)\\]|([^:]*))(?::[0-9]*)?$", host).groups()
    try:
        return name in frozenset(["localhost", "chat.example"]) or bool(ip_address(address or name))
    except ValueError as error:
        return False
""",
    "async, by the library": """
import ipaddress

async def may_connect(origin, host):
    match origin, host:
        case None, None:
            return True
        case str(), _ if origin.removeprefix("https://").removeprefix("http://") != host:
            return False
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name in ("localhost", "chat.example"):
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    else:
        return True
""",
}


class TestOriginRule(FunctionExercise):
    exercise = ex.origin_rule
    imports = "import re\nfrom ipaddress import ip_address\nfrom urllib.parse import urlsplit"
    wrong: ClassVar = {
        # The Origin rule
        "The user's cookies came with it": rule("return True"),
        "The server's own page was refused. Compare the part after": rule("return origin is None or origin == host"),
        "which passes the Origin rule": rule("return origin is not None and urlsplit(origin).netloc == host"),
        "'NoneType' object has no attribute": rule("return origin.partition('://')[2] == host"),
        "Compare the port too": rule("return origin is None or urlsplit(origin).hostname == host.partition(':')[0]"),
        "was refused when it came by `https://`": rule("return origin is None or origin == 'http://' + host"),
        "It contains Host": rule("return origin is None or host in origin"),
        "It only begins with Host": rule("return origin is None or origin.split('://')[-1].startswith(host)"),
        "IndexError: list index out of range": rule("return origin is None or origin.split('//')[1] == host"),
        "It only ends with Host": rule("return origin is None or origin.endswith(host)"),
        "opened from disk": rule("return origin in (None, 'null') or urlsplit(origin).netloc == host"),
        "It should return True or False": rule("return origin and host"),
        "but not the one in Host": rule(
            "if origin is None: return True",
            "theirs = origin.partition('://')[2]",
            "address = theirs.partition(':')[0].replace('.', '').isdigit()",
            "return address and theirs.rpartition(':')[2] == host.rpartition(':')[2]",
        ),
        # The Host rule
        "Origin and Host are equal, because she": rule(ORIGIN, "return True"),
        "under `localhost` with a port": names("name == 'chat.example'"),
        "under `localhost` without a port": names(KNOWN, ORIGIN, "name = host.rpartition(':')[0]"),
        "an IPv6 address in brackets": names(KNOWN, ORIGIN, "name = host.split(':')[0]"),
        "Accept any IP address": rule(ORIGIN, *NAME, "return name in ('127.0.0.1', '::1') or " + KNOWN),
        "under `chat.example`, the name that the task gives.": names("name == 'localhost'"),
        "the name that the task gives, with a port": names("name == 'localhost' or host == 'chat.example'"),
        "It contains `chat.example`": names("name == 'localhost' or 'chat.example' in name"),
        "It only begins with `chat.example`": names("name == 'localhost' or name.startswith('chat.example')"),
        "It only ends with `chat.example`": names("name == 'localhost' or name.endswith('chat.example')"),
        "It only begins with `localhost`": names("name == 'chat.example' or name.startswith('localhost')"),
        "It only begins with an IP address": names(KNOWN + r" or re.match(r'\d+\.\d+\.\d+\.\d+', name)"),
        "A request without an Origin got in under Mallory's name": names(
            KNOWN, "if origin is None: return True", ORIGIN, *NAME
        ),
        "It may send neither header": names(KNOWN, "if host is None: return False", ORIGIN, *NAME),
        'can only concatenate str (not "NoneType") to str': names(KNOWN, ORIGIN, NAME[1]),
    }
    subtle: ClassVar = (
        {
            name: names(KNOWN, f"if origin is not None and not ({fits}): return False", *NAME)
            for name, fits in {
                "one port": "origin.endswith(':8000')",
                "this computer's own page": "urlsplit(origin).hostname == '127.0.0.1'",
                "any page of a name that is known": "urlsplit(origin).hostname in '127.0.0.1 localhost chat.example'",
                "lstrip": "origin.lstrip('htps:/') == host",
                "strip": "origin.strip('htps:/') == host",
                "in": "host is not None and host in origin",
                "in, the other way round": f"{THEIRS} and host is not None and {THEIRS} in host",
                "startswith": f"host is not None and {THEIRS}.startswith(host)",
                "startswith, the other way round": f"{THEIRS} and host is not None and host.startswith({THEIRS})",
                "endswith": "host is not None and origin.endswith(host)",
                "endswith, the other way round": f"{THEIRS} and host is not None and host.endswith({THEIRS})",
                "the name without the port": f"host and {THEIRS}.partition(':')[0] == host.partition(':')[0]",
                "the port without the name": f"host and {THEIRS}.partition(':')[2] == host.partition(':')[2]",
                "http only": "origin == f'http://{host}'",
                "https only": "origin == f'https://{host}'",
                "any page, where there is no Host": f"host is None or {THEIRS} == host",
                "null too": f"origin == 'null' or {THEIRS} == host",
            }.items()
        }
        | {
            name: names(condition)
            for name, condition in {
                "localhost only": "name == 'localhost'",
                "its own name only": "name == 'chat.example'",
                "a domain": "name == 'localhost' or name.endswith('.example')",
                "a part of its name": "name == 'localhost' or name in 'chat.example'",
                "ends with localhost": f"{KNOWN} or name.endswith('localhost')",
                "digits": f"{KNOWN} or name[0].isdigit()",
                "an address somewhere": f"{KNOWN} or re.search(r'\\d+\\.\\d+\\.\\d+\\.\\d+', name)",
                "names with a dash": f"{KNOWN} or '-' in name",
                "every Host without a port": f"{KNOWN} or ':' not in host",
                "every program": f"{KNOWN} or origin is None",
            }.items()
        }
        | {
            "one of two rules": rule(
                f"return origin is None or {THEIRS} == host or host.partition(':')[0] == 'localhost'"
            ),
            "private addresses only": rule(
                ORIGIN, *NAME, f"try: return {KNOWN} or ip_address(name).is_private", "except ValueError: return False"
            ).replace("is_private", "is_loopback"),
            "IPv4 only": rule(ORIGIN, *NAME, f"return {KNOWN} or bool(re.fullmatch(r'[\\d.]+', name))"),
            "IPv6 by its last colon": names(
                KNOWN, ORIGIN, NAME[0], "name = host.rpartition(':')[0].strip('[]') or host"
            ),
        }
    )
    right = RIGHT

    async def test_it_never_asks_a_name_server(self, monkeypatch):
        async def getaddrinfo(loop, host, *arguments, **options):
            raise AssertionError(f"the name {host!r} was looked up")

        monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
        assert (result := await self.check(self.exercise.answer)), result
