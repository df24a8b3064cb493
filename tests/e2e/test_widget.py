"""The widget in a real browser, on pages and over connections that mean it ill; the chat server is a small fake one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import picture
from tests.support.fake_chat import FakeChat, fake_chat

pytestmark = pytest.mark.e2e

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
HOSTILE = """
* { color: red !important; font: 30px serif !important; margin: 9px !important; position: static !important;
    display: inline !important; direction: ltr; letter-spacing: 9px !important; visibility: visible !important }
button, a, textarea, ul, li { background: lime !important; border: 5px solid red !important; text-transform: uppercase }
backtalk-chat { width: 3px !important; height: 3px !important; opacity: .1 !important; transform: scale(.2) !important }
"""
TAG = '<script async src="/chat/v1/key/widget.js"{look}></script>'
GO = {"title": "Order status", "type": "sequence"}
SHOP = {"title": "Visit our shop", "type": "url", "value": "https://shop.example/today"}
CALL = {"title": "Call us", "type": "phone", "value": "+4930123456"}

Opens = Callable[..., Page]


@pytest.fixture
def chat() -> Iterator[FakeChat]:
    with fake_chat() as made:
        yield made


def every_kind(chat: FakeChat) -> list[dict[str, Any]]:
    image = f"{chat.url}/picture.svg"
    card = {"title": "Apples", "subtitle": "Crisp and sweet\n2.90 a kilo", "image": image, "buttons": [GO, SHOP]}
    return [
        {"type": "text", "text": "Hello! See https://shop.example/today, or ask below."},
        {
            "type": "buttons",
            "text": "What would you like?",
            "buttons": [GO, SHOP, CALL, {"title": "Hm", "type": "basic"}],
        },
        {"type": "image", "url": image},
        {"type": "gallery", "items": [{**card, "url": "https://shop.example/"}, {**card, "title": "Pears"}, card]},
        {"type": "quick_replies", "text": "Anything else?", "replies": [GO, {"title": "Hours", "type": "sequence"}]},
    ]


def page_with(chat: FakeChat, page: Page, *, tag: str = TAG, html: str = '<html lang="en">', **look: str) -> Page:
    """A shop's page with the tag; `look` becomes the tag's data attributes."""
    attributes = "".join(f' data-{name}="{value}"' for name, value in look.items())
    chat.pages["shop"] = (
        f'<!doctype html>{html}<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<title>Shop</title><link rel="stylesheet" href="/style.css"></head><body><main><h1>A shop</h1>'
        f"<p>Words of the page.</p></main>{tag.format(look=attributes)}</body></html>"
    )
    page.goto(f"{chat.url}/pages/shop")
    page.wait_for_function("window.Backtalk")
    return page


def opened(chat: FakeChat, page: Page, **more: Any) -> Page:
    page_with(chat, page, **more)
    page.locator(".launcher").click()
    expect(page.locator(".status")).to_have_attribute("data-status", "online")
    return page


def write(page: Page, text: str) -> None:
    page.locator("textarea").fill(text)
    page.keyboard.press("Enter")


def violations(page: Page) -> list[tuple[str, str]]:
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        """async () => {
            await Promise.all(document.querySelector('backtalk-chat').shadowRoot.getAnimations().map(a => a.finished))
            const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
            return (await axe.run(document, {runOnly: tags})).violations
        }"""
    )
    return [(each["id"], node["html"]) for each in found for node in each["nodes"]]


@pytest.fixture
def rough_page(browser: Browser) -> Iterator[Page]:
    """A page whose console may complain: its connections fail on purpose."""
    context = browser.new_context(viewport={"width": 900, "height": 760})
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


# --- looks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", ["desktop", "phone"])
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_kind_passes_axe(chat: FakeChat, open_page: Opens, scheme: str, direction: str, device: str) -> None:
    chat.welcome = every_kind(chat)
    size = {"width": 900, "height": 760} if device == "desktop" else {"width": 390, "height": 780}
    page = open_page(color_scheme=scheme, viewport=size, has_touch=device == "phone")
    language = "ar" if direction == "rtl" else "en"
    opened(chat, page, html=f'<html lang="{language}" dir="{direction}">', title="Green Grocer", color="#f2b705")
    expect(page.locator(".replies")).to_be_visible()
    picture(page, f"widget-{scheme}-{direction}-{device}")
    assert violations(page) == []


def test_the_styles_of_a_hostile_page_stay_outside(chat: FakeChat, open_page: Opens) -> None:
    chat.welcome = every_kind(chat)
    plain = opened(chat, open_page())
    measure = """() => [...document.querySelector('backtalk-chat').shadowRoot.querySelectorAll('*')].map(element => {
        const style = getComputedStyle(element), box = element.getBoundingClientRect()
        const names = ['color', 'backgroundColor', 'font', 'margin', 'display', 'position', 'letterSpacing', 'textTransform']
        return [element.className, ...names.map(name => style[name]), Math.round(box.x), Math.round(box.width)].join('|')
    })"""
    expect(plain.locator(".replies")).to_be_visible()
    expect(plain.locator("img[data-loaded]")).to_have_count(4)
    expected = plain.evaluate(measure)
    chat.style = HOSTILE
    hostile = opened(chat, open_page())
    expect(hostile.locator(".replies")).to_be_visible()
    expect(hostile.locator("img[data-loaded]")).to_have_count(4)
    picture(hostile, "widget-hostile")
    assert hostile.evaluate(measure) == expected


def test_everything_to_press_is_44_pixels_high(chat: FakeChat, open_page: Opens) -> None:
    chat.welcome = every_kind(chat)
    page = opened(chat, open_page())
    small = page.evaluate(
        """() => [...document.querySelector('backtalk-chat').shadowRoot.querySelectorAll('button, a, textarea')]
            .filter(element => !element.closest('p, h3'))
            .map(element => [element.outerHTML, element.getBoundingClientRect()])
            .filter(([, box]) => box.width && Math.min(Math.round(box.height), Math.round(box.width)) < 44).map(([html]) => html)"""
    )
    assert small == []


def test_nothing_moves_for_those_who_asked_for_that(chat: FakeChat, open_page: Opens) -> None:
    page = opened(chat, open_page(reduced_motion="reduce"))
    chat.frame({"type": "typing", "on": True})
    expect(page.locator(".typing")).to_be_visible()
    assert page.evaluate("document.querySelector('backtalk-chat').shadowRoot.getAnimations().length") == 0


def test_words_without_a_break_stay_inside(chat: FakeChat, open_page: Opens) -> None:
    long = "Donaudampfschifffahrt" * 30
    card = {"title": long, "subtitle": long, "buttons": [{"title": long, "type": "sequence"}]}
    chat.welcome = [
        {"type": "text", "text": long},
        {
            "type": "buttons",
            "text": "",
            "buttons": [{"title": long, "type": "url", "value": f"https://{long[:60]}.example"}],
        },
        {"type": "gallery", "items": [card]},
        {"type": "quick_replies", "text": "", "replies": [{"title": long, "type": "sequence"}]},
    ]
    page = opened(chat, open_page(), title=long)
    expect(page.locator(".replies")).to_be_visible()
    wide = """() => [...document.querySelector('backtalk-chat').shadowRoot.querySelectorAll('.log, .bubble, .card, .replies')]
        .filter(element => element.scrollWidth > element.clientWidth + 1).map(element => element.className)"""
    assert page.evaluate(wide) == []


def test_line_breaks_in_titles_and_subtitles_show(chat: FakeChat, open_page: Opens) -> None:
    chat.welcome = [{"type": "gallery", "items": [{"title": "one\ntwo", "subtitle": "three\nfour"}]}]
    page = opened(chat, open_page())
    for part in (".card h3", ".card p"):
        lines = page.locator(part).evaluate(
            "e => e.getBoundingClientRect().height / parseFloat(getComputedStyle(e).lineHeight)"
        )
        assert round(lines) == 2


# --- strict pages ---------------------------------------------------------------------------------------------


def test_a_strict_policy_has_nothing_to_object_to(chat: FakeChat, open_page: Opens) -> None:
    chat.welcome = every_kind(chat)
    page = open_page()
    page.add_init_script(
        "window.refused = []; addEventListener('securitypolicyviolation', e => refused.push(e.violatedDirective))"
    )
    opened(chat, page)
    write(page, "A question")
    expect(page.get_by_text("You said: A question")).to_be_visible()
    assert page.evaluate("refused") == []


def test_pictures_that_the_page_forbids_are_replaced(chat: FakeChat, rough_page: Page) -> None:
    chat.csp = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"
    chat.welcome = every_kind(chat)
    page = opened(chat, rough_page)
    expect(page.locator(".lost")).to_contain_text("This could not be shown")
    expect(page.locator("img")).to_have_count(0)
    picture(page, "widget-no-pictures")


@pytest.mark.parametrize("by", ["the policy of the page", "something on the way"])
def test_without_sockets_long_polling_does(chat: FakeChat, rough_page: Page, by: str) -> None:
    if by == "something on the way":
        chat.refuses_sockets = True
    else:
        chat.csp = f"default-src 'none'; script-src 'self'; connect-src {chat.url}"
    page = page_with(chat, rough_page)
    page.evaluate("Backtalk.open()")
    expect(page.get_by_text("Hello! How can we help?")).to_be_visible()
    expect(page.locator(".status")).to_have_attribute("data-status", "online")
    write(page, "Over HTTP")
    expect(page.get_by_text("You said: Over HTTP")).to_be_visible()
    chat.say({"type": "text", "text": "Pushed"})
    expect(page.get_by_text("Pushed")).to_be_visible()
    assert len(chat.posts) == 1


def test_u01_markup_is_shown_and_not_run(chat: FakeChat, open_page: Opens) -> None:
    attack = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'
    choice = {"title": attack, "type": "url", "value": "javascript:window.pwned=1"}
    chat.welcome = [
        {"type": "text", "text": attack},
        {"type": "buttons", "text": attack, "buttons": [choice]},
        {"type": "gallery", "items": [{"title": attack, "subtitle": attack, "url": "javascript:window.pwned=1"}]},
    ]
    page = opened(chat, open_page(), title=attack.replace('"', "&quot;"))
    expect(page.locator(".bubble").first).to_have_text(attack)
    expect(page.locator("h2")).to_have_text(attack)
    page.locator(".choice").click()
    assert page.evaluate("window.pwned") is None
    assert page.locator("a[href^=javascript]").count() == 0


# --- keys and focus -------------------------------------------------------------------------------------------


def focused(page: Page) -> str:
    found: str = page.evaluate(
        """() => { const e = document.querySelector('backtalk-chat').shadowRoot.activeElement
                   return e ? e.className || e.localName : '' }"""
    )
    return found


def test_the_whole_way_by_keyboard(chat: FakeChat, open_page: Opens) -> None:
    chat.welcome = every_kind(chat)
    page = page_with(chat, open_page())
    page.locator(".launcher").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".replies")).to_be_visible()
    assert focused(page) == "textarea"
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "choice"
    page.keyboard.press("Enter")
    expect(page.get_by_text("You said: Hours")).to_be_visible()
    expect(page.locator(".replies")).to_have_count(0)
    assert focused(page) == "textarea"
    page.keyboard.press("Escape")
    expect(page.locator(".panel")).to_have_count(0)
    assert "launcher" in focused(page)
    assert chat.posts == [{"client_id": chat.posts[0]["client_id"], "press": {"seq": 5, "index": 1}}]


@pytest.mark.parametrize(("direction", "onward"), [("ltr", "ArrowRight"), ("rtl", "ArrowLeft")])
def test_a_gallery_by_keys_and_by_arrows(chat: FakeChat, open_page: Opens, direction: str, onward: str) -> None:
    card = {"buttons": [GO]}
    chat.welcome = [{"type": "gallery", "items": [{"title": f"Card {number}", **card} for number in range(1, 6)]}]
    page = opened(chat, open_page(reduced_motion="reduce"), html=f'<html lang="en" dir="{direction}">')
    inside = """title => { const root = document.querySelector('backtalk-chat').shadowRoot
        const card = [...root.querySelectorAll('.card')].find(e => e.textContent.includes(title)).getBoundingClientRect()
        const track = root.querySelector('.track').getBoundingClientRect()
        return card.left >= track.left - 1 && card.right <= track.right + 1 }"""
    page.locator(".card").first.focus()
    for _ in range(2):
        page.keyboard.press(onward)
    page.wait_for_function(inside, arg="Card 3")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("You said: Order status")).to_be_visible()
    assert chat.posts[0]["press"] == {"seq": 1, "index": [2, 0]}
    page.locator(".card").nth(2).focus()
    page.keyboard.press("Home")
    page.wait_for_function(inside, arg="Card 1")
    expect(page.locator(".arrow.previous")).to_have_attribute("aria-disabled", "true")
    for _ in range(4):
        if page.locator(".arrow.next").get_attribute("aria-disabled") == "false":
            page.locator(".arrow.next").click()
            page.wait_for_timeout(100)
    page.wait_for_function(inside, arg="Card 5")
    expect(page.locator(".arrow.next")).to_have_attribute("aria-disabled", "true")


def test_an_arrow_goes_on_by_as_many_cards_as_are_seen(chat: FakeChat, open_page: Opens) -> None:
    chat.welcome = [{"type": "gallery", "items": [{"title": f"Card {number}"} for number in range(1, 41)]}]
    element = '<backtalk-chat full data-channel="key"></backtalk-chat><script src="/chat/v1/key/widget.js"></script>'
    page = page_with(chat, open_page(reduced_motion="reduce"), tag=element)
    after = page.locator(".arrow.next")
    after.wait_for()
    pressed = 0
    while after.get_attribute("aria-disabled") == "false":
        after.click()
        pressed += 1
        page.wait_for_timeout(150)
    assert 10 <= pressed <= 20


def test_on_a_phone_the_window_is_the_screen_and_keeps_the_focus(chat: FakeChat, open_page: Opens) -> None:
    page = opened(chat, open_page(viewport={"width": 390, "height": 700}, has_touch=True, reduced_motion="reduce"))
    assert page.locator(".panel").bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 700}
    seen = set()
    for _ in range(8):
        page.keyboard.press("Tab")
        seen.add(focused(page))
    assert "" not in seen
    assert {"round disc", "log", "textarea", "send disc"} <= seen
    page.locator("header .round").tap()
    expect(page.locator(".launcher")).to_be_visible()


def test_who_reads_above_is_left_there_and_told_of_news(chat: FakeChat, open_page: Opens) -> None:
    chat.welcome = [{"type": "text", "text": f"Line {number}"} for number in range(40)]
    page = opened(chat, open_page())
    expect(page.get_by_text("Line 39")).to_be_in_viewport()
    page.locator(".log").hover()
    page.mouse.wheel(0, -800)
    expect(page.get_by_text("Line 39")).not_to_be_in_viewport()
    chat.say({"type": "text", "text": "Fresh"})
    expect(page.locator(".newest")).to_be_visible()
    expect(page.get_by_text("Fresh")).not_to_be_in_viewport()
    page.locator(".newest").click()
    expect(page.get_by_text("Fresh")).to_be_in_viewport()
    expect(page.locator(".newest")).to_be_hidden()
    page.locator(".log").hover()
    page.mouse.wheel(0, -800)
    expect(page.get_by_text("Fresh")).not_to_be_in_viewport()
    write(page, "Mine")
    expect(page.get_by_text("You said: Mine")).to_be_in_viewport()


# --- connections ----------------------------------------------------------------------------------------------


def test_what_is_written_while_the_server_is_away_arrives_once(chat: FakeChat, rough_page: Page) -> None:
    page = opened(chat, rough_page)
    write(page, "Before")
    expect(page.get_by_text("You said: Before")).to_be_visible()
    chat.stop()
    expect(page.locator(".banner")).to_be_visible()
    write(page, "First while away")
    write(page, "Second while away")
    expect(page.locator("[data-state=waiting]")).to_have_count(2)
    picture(page, "widget-offline")
    chat.start()
    page.locator(".banner button").click()
    expect(page.get_by_text("You said: Second while away")).to_be_visible()
    expect(page.locator("[data-state=waiting]")).to_have_count(0)
    assert [post["text"] for post in chat.posts] == ["Before", "First while away", "Second while away"]
    shown = page.locator(".bubble").all_text_contents()
    assert shown == list(dict.fromkeys(shown))


def test_an_answer_lost_on_the_way_is_not_a_second_message(chat: FakeChat, open_page: Opens) -> None:
    page = opened(chat, open_page())
    chat.swallows_answers = True
    write(page, "Only once")
    expect(page.get_by_text("You said: Only once")).to_be_visible()
    chat.swallows_answers = False
    write(page, "And more")
    expect(page.get_by_text("You said: And more")).to_be_visible()
    assert [post["text"] for post in chat.posts] == ["Only once", "And more"]
    assert page.get_by_text("Only once", exact=True).count() == 1


def test_a_new_page_goes_on_where_the_last_one_was(chat: FakeChat, open_page: Opens) -> None:
    page = opened(chat, open_page())
    write(page, "Remember me")
    expect(page.get_by_text("You said: Remember me")).to_be_visible()
    before = page.locator(".bubble").all_text_contents()
    page.reload()
    page.locator(".launcher").click()
    expect(page.get_by_text("You said: Remember me")).to_be_visible()
    assert page.locator(".bubble").all_text_contents() == before
    assert len(chat.sessions) == 1


def test_news_of_a_closed_chat_are_counted(chat: FakeChat, open_page: Opens) -> None:
    page = opened(chat, open_page())
    page.keyboard.press("Escape")
    chat.say({"type": "text", "text": "One"}, {"type": "text", "text": "Two"})
    expect(page.locator(".badge")).to_have_text("2")
    picture(page, "widget-unread")
    page.reload()
    expect(page.locator(".badge")).to_have_text("2")
    page.locator(".launcher").click()
    expect(page.get_by_text("Two")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".badge")).to_have_count(0)


def test_what_the_server_refuses_says_why(chat: FakeChat, open_page: Opens) -> None:
    page = opened(chat, open_page())
    write(page, "refuse me")
    expect(page.locator(".refused")).to_contain_text("Not sent: That is too long.")
    assert violations(page) == []


def test_a_session_that_ended_gives_way_to_a_new_one(chat: FakeChat, rough_page: Page) -> None:
    page = opened(chat, rough_page)
    chat.forget_sessions()
    chat.drop_sockets()
    page.wait_for_function("() => document.querySelector('backtalk-chat').shadowRoot.querySelector('.bubble')")
    write(page, "Hello again")
    expect(page.get_by_text("You said: Hello again")).to_be_visible()
    assert len(chat.sessions) == 2


# --- installing it --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tag",
    [
        '<script async src="/widget.js" data-channel="key"></script>',
        '<script async src="/chat/v1/key/widget.js"></script>',
        '<script src="/widget.js" data-channel="key"></script>',
    ],
)
def test_each_form_of_the_tag(chat: FakeChat, open_page: Opens, tag: str) -> None:
    page = opened(chat, open_page(), tag=tag)
    expect(page.get_by_text("Hello! How can we help?")).to_be_visible()


def test_a_page_of_its_own(chat: FakeChat, open_page: Opens) -> None:
    chat.welcome = every_kind(chat)
    element = '<backtalk-chat full data-channel="key" title="Green Grocer"></backtalk-chat>'
    page = page_with(chat, open_page(viewport={"width": 1200, "height": 860}), tag=element + TAG.format(look=""))
    expect(page.get_by_role("heading", name="Green Grocer")).to_be_visible()
    expect(page.locator(".replies")).to_be_visible()
    assert page.locator("backtalk-chat").count() == 1
    assert page.locator("backtalk-chat").get_attribute("title") is None
    picture(page, "widget-full")


def test_two_tags_are_one_chat(chat: FakeChat, open_page: Opens) -> None:
    page = opened(chat, open_page(), tag=TAG.format(look="") + TAG.format(look=""))
    assert page.locator("backtalk-chat").count() == 1


def test_the_page_can_steer_and_listen(chat: FakeChat, open_page: Opens) -> None:
    page = page_with(chat, open_page())
    page.evaluate(
        """() => { window.heard = []
            for (const name of ['open', 'close', 'message']) Backtalk.on(name, detail => heard.push([name, detail?.text]))
            Backtalk.identify({user_id: 'ann', user_hash: 'aa', profile: {first_name: 'Ann'}})
            Backtalk.open() }"""
    )
    expect(page.locator(".status")).to_have_attribute("data-status", "online")
    chat.say({"type": "text", "text": "News"})
    expect(page.get_by_text("News")).to_be_visible()
    page.evaluate("Backtalk.close()")
    assert page.evaluate("heard") == [["open", None], ["message", "News"], ["close", None]]
    assert chat.sessions[0]["user_id"] == "ann"
    assert chat.sessions[0]["user_hash"] == "aa"
    assert chat.sessions[0]["profile"]["first_name"] == "Ann"


@pytest.mark.parametrize(
    ("direction", "position", "side"),
    [
        ("ltr", "", "right"),
        ("rtl", "", "left"),
        ("ltr", "left", "left"),
        ("rtl", "left", "left"),
        ("rtl", "right", "right"),
        ("rtl", "start", "right"),
    ],
)
def test_the_corner_that_was_asked_for(
    chat: FakeChat, open_page: Opens, direction: str, position: str, side: str
) -> None:
    page = page_with(chat, open_page(), html=f'<html dir="{direction}">', position=position, greeting="Questions?")
    gaps = "e => { const box = e.getBoundingClientRect(); return {left: box.left, right: innerWidth - box.right} }"
    assert page.locator(".launcher").evaluate(gaps)[side] == 20
    page.locator(".teaser").wait_for()
    assert page.locator(".teaser").evaluate(gaps)[side] == 20
    page.evaluate("Backtalk.open()")
    assert page.locator(".panel").evaluate(gaps)[side] == 20
    assert page.locator(".launcher").evaluate(gaps)[side] == 20


def test_a_visitor_who_never_opens_it_leaves_no_trace(chat: FakeChat, open_page: Opens) -> None:
    page = page_with(chat, open_page(), greeting="Questions? We are here.")
    expect(page.locator(".teaser")).to_contain_text("Questions? We are here.")
    picture(page, "widget-greeting")
    assert violations(page) == []
    assert chat.sessions == []
