"""Task 1 of lesson 08: a message is text, whatever characters it contains."""

from typing import Any

from wslearn.exercises.browser.words import CONNECT
from wslearn.exercises.engine.browser import PageExercise, PageTalk, Tab

#: Harmless. With an attacker's, the handler would read the user's messages.
ATTACK = '<img src="data:," onerror="window.stolen = true">'
#: A filter that takes scripts out would take this away, and it is somebody's text.
SCRIPT = "Begin with <script>, end with </script>"
MESSAGES = (
    "Hello, Ann!", "<b>Sale</b> today", ATTACK, "1 &lt; 2 &amp; 3", SCRIPT, '{"type":"chat","message":"hi"}', "0", "",
)  # fmt: skip


async def _check(talk: PageTalk, answer: object) -> None:
    async with talk.page(answer) as page:
        ws = await page.connects(CONNECT)
        for number, message in enumerate(MESSAGES, start=1):
            await ws.says(message)
            await _shows(talk, page, list(MESSAGES[:number]))


async def _shows(talk: PageTalk, page: Tab, expected: list[str]) -> None:
    stolen, look = (await page.values("stolen"))["stolen"], await page.look("#messages")
    if stolen:
        text = "The message contained code, and your page ran it. `innerHTML` makes elements of a message, and they " \
            "may have handlers such as `onerror`. Put the message into `textContent`."  # fmt: skip
        talk.fail(text, "the page", "runs", "the message's code", expected="only its own script")
    message = expected[-1]
    plain = message.replace("<b>", "").replace("</b>", "")

    def about(came: Any) -> str:
        if message == "":
            return "The server sent an empty message. It is a message too, so it should be shown as an empty `<li>`."
        if not came and message in look.text:
            return f"`#messages` has the text `{message}`, but no child element. Make a new `<li>` for each message, " \
                "and append it to `#messages`."  # fmt: skip
        if not came:
            return f"The server sent `{message}`, and `#messages` has no child element. Listen for the `message` " \
                "event of your WebSocket; the text is in its `data`."  # fmt: skip
        if "b" in look.tags or (plain != message and plain in came):
            return f"The server sent `{message}`, and your page made an element `<b>` of it. The reader should see " \
                "each of its characters: put the message into `textContent`."  # fmt: skip
        if came == expected[::-1] and len(came) > 1:
            return "The newest message should be last. `append` puts an element after the others."
        if len(came) == 1 < len(expected):
            return "`#messages` shows only the last message. Make a new element for each message, and keep the others."
        if set(look.tags) - {"li"}:
            return f"`#messages` has the elements {', '.join(f'`<{tag}>`' for tag in look.tags)}. Each message " \
                "should be one `<li>`, and no other element."  # fmt: skip
        if len(came) > len(expected):
            return f"The server has sent {len(expected)} messages, and `#messages` has {len(came)} children. Add one " \
                "child for each message, and only for messages."  # fmt: skip
        if "[object" in came[-1]:
            return "Your page shows an object, not the text in it. The text of a message event is in `event.data`."
        return f"The server sent `{message}`, and the last child of `#messages` has another text. Show the message " \
            "as it is, without a change."  # fmt: skip

    await page.sees("#messages", expected, about)
    if set(look.tags) - {"li"}:
        talk.fail(about(expected), "the page", "has", f"{look.tags} in #messages", expected="only li")


safe_text = PageExercise(
    _check,
    hints=(
        "Listen for the WebSocket's `message` event. Create an element in your listener, and put `event.data` into it.",
        "`innerHTML` reads a text as HTML. `textContent` takes it as text. `append` adds an element at the end.",
        'Write `const item = document.createElement("li")`, then `item.textContent = event.data`, then '
        '`document.querySelector("#messages").append(item)`.',
    ),
    answer='''
safe_text_page = FORM + """<script>
const ws = new WebSocket("ws")
ws.onmessage = event => {
    const item = document.createElement("li")
    item.textContent = event.data
    document.getElementById("messages").append(item)
}
</script>"""
''',
    why="A message comes from somebody else. `textContent` can't make an element, so nothing in a message can "
    "become one.",
)
