"""CONTRACT.md sections 2, 5 and 6, as far as the engine keeps them: a test for each statement."""

from __future__ import annotations

from typing import Any

import pytest

from backtalk.engine.effects import CallApi, Note, SaveAttributes, Send
from backtalk.engine.events import Pressed
from backtalk.engine.messages import Button, Buttons, Card, Gallery, Media, QuickReplies, Text
from backtalk.engine.reply import ApiFailure, OnFailure, Outcome
from tests.support.bots import T0, a_bot, a_customer, text
from tests.support.script import Script, ok

GO = {"title": "Go", "type": "sequence", "value": 1}


def buttons(*items: Any, words: str = "Choose", **more: Any) -> dict[str, Any]:
    return {"type": "buttons", "text": words, "buttons": list(items), **more}


# --- 2. when a call is made


def test_contract_2_a_call_is_made_when_the_sequence_reaches_its_block() -> None:
    bot = a_bot({"type": "ask", "text": "Nr?", "save_as": "nr"}, text("<<api:1>>"))
    Script(bot).start().calls().bot(Text("Nr?")).user("7").calls(1)


def test_contract_2_in_block_order_and_block_n_plus_1_sees_what_block_n_learned() -> None:
    bot = a_bot(text("<<api:1>>"), text("{{city}} <<api:2>>"), text("<<api:1>> {{city}}"))
    script = Script(bot).start().calls(1).replies(ok("one", city="Bonn")).bot(Text("one")).calls(2)
    assert script.state.customer.attributes == {"city": "Bonn"}, "the request of the second call holds it"
    script.replies(ok("two", city="Ulm")).bot(Text("Ulm two")).calls(1).replies(ok("three")).bot(Text("three Ulm"))


def test_contract_2_several_apis_in_one_block_are_called_at_once_and_shown_in_order() -> None:
    bot = a_bot(buttons({"api": 3}, GO, {"api": 1}, {"api": 2}))
    one, two, three = ({"title": title, "type": "sequence", "value": 1} for title in ("one", "two", "three"))
    script = Script(bot).start().calls(3, 1, 2)
    script.replies(ok([two]), api=2).silent().replies(ok([three]), api=3).silent().replies(ok([one]), api=1)
    script.bot(Buttons("Choose", tuple(Button(title, "sequence", 1) for title in ("three", "Go", "one", "two"))))


def test_contract_2_the_same_api_twice_in_one_block_is_one_call() -> None:
    Script(a_bot(text("<<api:1>> and <<api:1>>"))).start().calls(1).replies(ok("x")).bot(Text("x and x"))


def test_contract_2_the_same_api_in_two_blocks_is_two_calls() -> None:
    script = Script(a_bot(text("<<api:1>>"), text("<<api:1>>"))).start().calls(1).replies(ok("x")).bot(Text("x"))
    script.calls(1).replies(ok("y")).bot(Text("y"))


def test_contract_2_no_call_for_inbound_messages_while_the_bot_is_off() -> None:
    script = Script(a_bot(text("<<api:1>>")), a_customer(bot_enabled=False)).start().calls().user("hm").calls()
    script.happens(Pressed(T0, Button("Go", "sequence", 1))).calls()


def test_contract_2_one_conversation_is_first_in_first_out() -> None:
    bot = a_bot(text("<<api:1>> for {{last_message_text}}"))
    script = Script(bot).user("a").calls(1).user("b").calls().user("c").calls()
    for words in ("a", "b", "c"):
        script.replies(ok("x")).bot(Text(f"x for {words}"))
        script.calls(*([1] if words != "c" else []))


# --- 4. what a failure does

FAILURES: list[Outcome] = [
    "declined", "timeout", "unreachable", "blocked_address", "tls", "redirect", "bad_status", "too_large", "encoding",
    "invalid_json", "bad_shape", "busy", "circuit_open", "not_allowed",
]  # fmt: skip


@pytest.mark.parametrize("outcome", FAILURES)
def test_contract_4_on_anything_but_ok_the_static_rest_is_sent_then_on_failure(outcome: Outcome) -> None:
    bot = a_bot({**text("Hi <<api:1>>!"), "on_failure": {"say": "Sorry", "sequence": 2}}, sequences={2: [text("two")]})
    Script(bot).start().calls(1).fails(outcome).bot(Text("Hi !"), Text("Sorry"), Text("two"))


def test_contract_4_a_text_that_is_blank_without_the_api_is_not_sent() -> None:
    Script(a_bot(text(" <<api:1>>\n"), text("on"))).start().calls(1).fails().bot(Text("on"))


def test_contract_4_the_block_comes_before_the_api() -> None:
    default = OnFailure("from the API", 2)
    bot = a_bot(
        {**text("<<api:1>>"), "on_failure": {"say": "from the block"}}, text("on"), sequences={2: [text("two")]}
    )
    Script(bot).start().calls(1).fails(default=default).bot(Text("from the block"), Text("on"))
    bot = a_bot(text("<<api:1>>"), text("on"), sequences={2: [text("two")]})
    Script(bot).start().calls(1).fails(default=default).bot(Text("from the API"), Text("two"))


def test_contract_4_without_on_failure_the_sequence_goes_on() -> None:
    Script(a_bot(text("<<api:1>>"), text("on"))).start().calls(1).fails().bot(Text("on"))


def test_contract_4_ok_is_no_failure() -> None:
    bot = a_bot({**text("<<api:1>>"), "on_failure": {"say": "Sorry"}}, text("on"))
    Script(bot).start().calls(1).replies(ok(""), default=OnFailure("Sorry")).bot(Text("on"))


def test_contract_4_one_failing_api_leaves_the_others_their_part() -> None:
    bot = a_bot(buttons({"api": 1}, {"api": 2}, on_failure={"say": "Sorry"}))
    script = Script(bot).start().calls(1, 2).fails(api=1).replies(ok([GO]))
    script.bot(Buttons("Choose", (Button("Go", "sequence", 1),)), Text("Sorry"))


# --- 5. attributes


def test_contract_5_attributes_are_saved_before_the_block_is_rendered() -> None:
    script = Script(a_bot(text("{{city}}: <<api:1>>"))).start().calls(1).replies(ok("rain", city="Bonn"))
    script.bot(Text("Bonn: rain"))
    kinds = [type(effect) for effect in script.steps[-1].effects]
    assert kinds == [SaveAttributes, Send]


def test_contract_5_attributes_of_a_declined_reply_are_saved() -> None:
    declined = {"data": "never", "success": False, "attributes": {"city": "Bonn"}}
    Script(a_bot(text("{{city}}<<api:1>>"))).start().calls(1).replies(declined).bot(Text("Bonn")).attributes(
        {"city": "Bonn"}
    )


@pytest.mark.parametrize(
    "body",
    [b'{"success": 1, "attributes": {"a": 1}}', b"<html>", b'{"data": [], "attributes": {"a": 1}, "success": "true"}'],
)
def test_contract_5_attributes_of_what_is_no_valid_envelope_are_not_saved(body: bytes) -> None:
    Script(a_bot(text("<<api:1>>"))).start().calls(1).replies(body).silent().attributes({})


def test_contract_5_types_of_attributes_survive_the_round_trip() -> None:
    kinds = {
        "int": 5,
        "float": 5.5,
        "whole": 5.0,
        "yes": True,
        "text": "5",
        "list": [1, "a", None],
        "map": {"a": {"b": 1}},
    }
    Script(a_bot(text("<<api:1>>"))).start().calls(1).replies(ok("", **kinds)).attributes(kinds)


def test_contract_5_null_removes_an_attribute() -> None:
    script = Script(a_bot(text("<<api:1>>{{city}}")), a_customer(attributes={"city": "Bonn", "nr": 1})).start().calls(1)
    script.replies(ok("x", city=None, unknown=None)).bot(Text("x")).attributes({"nr": 1})
    script.saved({"city": None, "unknown": None}, "api:1")


@pytest.mark.parametrize(
    "name", ["first_name", "last_name", "full_name", "avatar", "gender", "locale", "language", "phone", "email"]
)
def test_contract_5_built_in_text_fields_may_be_updated(name: str) -> None:
    script = Script(a_bot(text("<<api:1>>"))).start().calls(1).replies(ok("", **{name: "new"})).attributes({})
    assert getattr(script.state.customer, name) == "new"
    script.user("x").calls(1).replies(ok("", **{name: None}))
    assert getattr(script.state.customer, name) == ""


def test_contract_5_timezone_may_be_updated() -> None:
    script = Script(a_bot(text("<<api:1>>"))).start().calls(1).replies(ok("", timezone=5.75))
    assert script.state.customer.timezone == 5.75


@pytest.mark.parametrize(
    "name", ["uid", "platform_id", "bot_enabled", "created_at", "last_message_text", "last_message_time"]
)
def test_contract_5_protected_names_never_change_and_the_attempt_is_noted(name: str) -> None:
    script = Script(a_bot(text("<<api:1>>"))).user("hm").calls(1)
    before = script.state.customer
    script.replies(ok("x", **{name: "evil", "nr": 1})).noted("refused_attribute").bot(Text("x")).attributes({"nr": 1})
    assert script.state.customer.value(name) == before.value(name)
    (note,) = script.last(Note)
    assert (note.call, note.detail.path, note.block) == ("call-1", f"$.attributes.{name}", "1.0")


@pytest.mark.parametrize(
    ("name", "value"), [("first_name", 5), ("phone", ["+49"]), ("timezone", "6"), ("timezone", True), ("timezone", 99)]
)
def test_n11_a_value_of_another_kind_than_the_field_is_refused_and_noted(name: str, value: Any) -> None:
    script = Script(a_bot(text("<<api:1>>"))).start().calls(1)
    before = getattr(script.state.customer, name)
    script.replies(ok("x", **{name: value})).noted("refused_attribute").bot(Text("x"))
    assert getattr(script.state.customer, name) == before


def test_n11_an_attribute_takes_the_type_that_comes_last() -> None:
    script = Script(a_bot(text("<<api:1>>"))).start().calls(1).replies(ok("", nr=5)).attributes({"nr": 5})
    script.user("x").calls(1).replies(ok("", nr="five")).attributes({"nr": "five"})


# --- 5. data by block


def test_contract_5_text_replaces_the_token_in_place() -> None:
    Script(a_bot(text("a <<api:1>> b <<api:2>> c"))).start().calls(1, 2).replies(ok("1")).replies(ok("2")).bot(
        Text("a 1 b 2 c")
    )


@pytest.mark.parametrize(("data", "shown"), [(5, "5"), (5.5, "5.5"), (5.0, "5"), (True, "true")])
def test_contract_5_numbers_and_booleans_become_text(data: Any, shown: str) -> None:
    Script(a_bot(text("<<api:1>>"))).start().calls(1).replies(ok(data)).bot(Text(shown))


@pytest.mark.parametrize("kind", ["image", "audio", "video"])
def test_contract_5_image(kind: Any) -> None:
    bot = a_bot({"type": "image", "media": {"api": 1}})
    Script(bot).start().calls(1).replies(ok({"type": kind, "url": "https://x.example/a"})).bot(
        Media(kind, "https://x.example/a")
    )


ALL_BUTTONS = [
    {"title": "Go", "type": "sequence", "value": 1, "extra": "a=1"},
    {"title": "Too", "type": "sequence", "value": "1"},
    {"title": "Open", "type": "url", "value": "https://x.example/"},
    {"title": "Ring", "type": "phone", "value": "+49 30 1234"},
]


def test_contract_5_buttons_in_order() -> None:
    Script(a_bot(buttons({"api": 1}))).start().calls(1).replies(ok(ALL_BUTTONS)).bot(
        Buttons(
            "Choose",
            (
                Button("Go", "sequence", 1, "a=1"),
                Button("Too", "sequence", 1),
                Button("Open", "url", "https://x.example/"),
                Button("Ring", "phone", "+49301234"),
            ),
        )
    )


def test_contract_5_quick_replies_without_phone() -> None:
    bot = a_bot({"type": "quick_replies", "text": "Choose", "replies": [{"api": 1}]})
    script = Script(bot).start().calls(1).replies(ok(ALL_BUTTONS))
    (message,) = (effect.message for effect in script.last(Send))
    assert isinstance(message, QuickReplies)
    assert [reply.title for reply in message.replies] == ["Go", "Too", "Open"]
    script.bot(message)


def test_contract_5_gallery() -> None:
    card = {"title": "Apple", "subtitle": "", "image": None, "url": "https://x.example/", "buttons": ALL_BUTTONS[:1]}
    bot = a_bot({"type": "gallery", "items": [{"title": "Own"}, {"api": 1}, {"title": "Last"}]})
    shown = Card("Apple", None, None, "https://x.example/", (Button("Go", "sequence", 1, "a=1"),))
    Script(bot).start().calls(1).replies(ok([card])).bot(Gallery((Card("Own"), shown, Card("Last"))))


NOTHING: list[Any] = ["", [], None]
API_BLOCKS: dict[str, dict[str, Any]] = {
    "text": {"type": "text", "text": "<<api:1>>"},
    "image": {"type": "image", "media": {"api": 1}},
    "buttons": buttons({"api": 1}, words=""),
    "quick_replies": {"type": "quick_replies", "replies": [{"api": 1}]},
    "gallery": {"type": "gallery", "items": [{"api": 1}]},
    "call_api": {"type": "call_api", "api": 1},
}


@pytest.mark.parametrize("data", NOTHING)
@pytest.mark.parametrize("block", API_BLOCKS.values(), ids=API_BLOCKS)
def test_contract_5_nothing_to_show_is_no_error(block: dict[str, Any], data: Any) -> None:
    bot = a_bot({**block, "on_failure": {"say": "Sorry"}}, text("on"))
    Script(bot).start().calls(1).replies(ok(data, a=1)).bot(Text("on")).attributes({"a": 1})


@pytest.mark.parametrize("data", ["a\nb", "a\\nb"])
def test_contract_5_a_line_break_and_the_two_characters_for_it(data: str) -> None:
    Script(a_bot(text("<<api:1>>"))).start().calls(1).replies(ok(data)).bot(Text("a\nb"))
    item = {"title": data, "type": "sequence", "value": 1}
    script = Script(a_bot(buttons({"api": 1}))).start().calls(1).replies(ok([item]))
    script.bot(Buttons("Choose", (Button("a\nb", "sequence", 1),)))
    bot = a_bot({"type": "gallery", "items": [{"api": 1}]})
    script = Script(bot).start().calls(1).replies(ok([{"title": data, "subtitle": data}]))
    script.bot(Gallery((Card("a\nb", "a\nb"),)))


def test_contract_5_a_reply_is_never_refused_for_being_long() -> None:
    long = "x" * 900_000
    Script(a_bot(text("<<api:1>>"))).start().calls(1).replies(ok(long)).bot(Text(long))
    many = [{"title": f"{number} " + "x" * 500, "type": "sequence", "value": 1} for number in range(300)]
    script = Script(a_bot(buttons({"api": 1}))).start().calls(1).replies(ok(many))
    script.bot(Buttons("Choose", tuple(Button(item["title"], "sequence", 1) for item in many)))  # type: ignore[arg-type]


def test_contract_5_message_and_status_are_never_shown() -> None:
    body = {"data": "x", "success": True, "message": "internal", "status": 418}
    Script(a_bot(text("<<api:1>>"))).start().calls(1).replies(body).bot(Text("x"))
    body = {"data": "x", "success": False, "message": "internal", "status": 200}
    Script(a_bot({**text("<<api:1>>"), "on_failure": {"say": "Sorry"}})).start().calls(1).replies(body).bot(
        Text("Sorry")
    )


@pytest.mark.parametrize(("saved", "value"), [(1, "1"), ("1", 1), (1.0, "1"), ("Yes", "yes"), (True, "true")])
def test_contract_5_conditions_compare_loosely(saved: Any, value: Any) -> None:
    condition = {"type": "condition", "if": {"all": [{"attribute": "nr", "op": "eq", "value": value}]}, "then": 2}
    bot = a_bot({"type": "call_api", "api": 1}, condition, sequences={2: [text("the same")]})
    Script(bot).start().calls(1).replies(ok(None, nr=saved)).attributes({"nr": saved}).bot(Text("the same"))


# --- 5. sequences of a reply


FOREIGN = {"title": "Foreign", "type": "sequence", "value": 99}


@pytest.mark.parametrize("kind", ["buttons", "quick_replies", "gallery"])
def test_contract_5_a_button_to_an_unknown_sequence_is_dropped_and_noted(kind: str) -> None:
    card = {"title": "Card", "buttons": [FOREIGN, GO]}
    script = (
        Script(a_bot(API_BLOCKS[kind])).start().calls(1).replies(ok([card] if kind == "gallery" else [FOREIGN, GO]))
    )
    living = (Button("Go", "sequence", 1),)
    shown: Any = {
        "buttons": Buttons("", living),
        "quick_replies": QuickReplies("", living),
        "gallery": Gallery((Card("Card", buttons=living),)),
    }
    script.noted("unknown_sequence").bot(shown[kind])
    (note,) = script.last(Note)
    assert (note.call, note.block) == ("call-1", "1.0")
    assert "Foreign" in note.message
    assert "99" in note.message


@pytest.mark.parametrize("kind", ["buttons", "quick_replies"])
def test_contract_5_a_list_of_which_nothing_usable_is_left_is_a_bad_shape(kind: str) -> None:
    bot = a_bot({**API_BLOCKS[kind], "on_failure": {"say": "Sorry"}}, text("on"))
    script = Script(bot).start().calls(1).replies(ok([FOREIGN], a=1)).noted("unknown_sequence", "bad_shape")
    script.bot(Text("Sorry"), Text("on")).attributes({})
    assert {note.call for note in script.last(Note)} == {"call-1"}


def test_contract_5_a_card_without_its_dead_buttons_is_still_a_card() -> None:
    bot = a_bot(API_BLOCKS["gallery"])
    script = Script(bot).start().calls(1).replies(ok([{"title": "Card", "buttons": [FOREIGN]}], a=1))
    script.noted("unknown_sequence").bot(Gallery((Card("Card"),))).attributes({"a": 1})


def test_contract_5_basic_is_a_label_without_action() -> None:
    basic = {"title": "Label", "type": "basic"}
    script = Script(a_bot(API_BLOCKS["buttons"])).start().calls(1).replies(ok([basic]))
    script.bot(Buttons("", (Button("Label", "basic"),))).press("Label").silent()
    assert script.state.customer.last_message_text == "Label"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "\x01javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
    ],
)
def test_u02_an_address_that_is_no_link_never_leaves_the_engine(url: str) -> None:
    card = {"title": "Card", "image": url, "url": url, "buttons": [{"title": "x", "type": "url", "value": url}, GO]}
    bot = a_bot(
        {"type": "gallery", "items": [{"api": 1}]},
        {
            "type": "gallery",
            "items": [
                {"title": "Own", "image": "{{u}}", "url": url, "buttons": [{"title": "x", "type": "url", "value": url}]}
            ],
        },
        {"type": "image", "media": {"type": "image", "url": url}},
        buttons({"title": "x", "type": "url", "value": url}, {"title": "x", "type": "url", "value": "{{u}}"}),
    )
    script = Script(bot, a_customer(attributes={"u": url})).start().calls(1).replies(ok([card]))
    script.bot(
        Gallery((Card("Card", buttons=(Button("Go", "sequence", 1),)),)), Gallery((Card("Own"),)), Text("Choose")
    )
    script.noted("dead_button", "bad_url", "dead_button", "dead_button")


@pytest.mark.parametrize("number", ["javascript:1", "call me", "+49;ext=1", "tel:+49301", "+", "12", "+49301*31#"])
def test_u03_a_number_that_is_none_never_leaves_the_engine(number: str) -> None:
    bot = a_bot(
        buttons(
            {"title": "Ring", "type": "phone", "value": number}, {"title": "Ring", "type": "phone", "value": "{{p}}"}
        )
    )
    Script(bot, a_customer(attributes={"p": number})).start().noted("dead_button", "dead_button").bot(Text("Choose"))


# --- 5. everything is plain text


@pytest.mark.parametrize("data", ["{{first_name}}", "<<api:1>>", "<<api:2>>", "<b>x</b>", "**x**", "{{city}}"])
def test_contract_5_a_reply_is_never_evaluated(data: str) -> None:
    script = (
        Script(a_bot(text("<<api:1>> {{city}}")))
        .start()
        .calls(1)
        .replies(ok(data, city=data))
        .bot(Text(f"{data} {data}"))
    )
    go = {"title": data, "type": "sequence", "value": 1, "extra": f"nr={data}"}
    script = Script(a_bot(buttons({"api": 1}))).start().calls(1).replies(ok([go]))
    script.bot(Buttons("Choose", (Button(data, "sequence", 1, f"nr={data}"),))).press(data).attributes({"nr": data})


def test_n05_what_the_customer_writes_is_literal() -> None:
    bot = a_bot({"type": "ask", "text": "?", "save_as": "a"}, text("{{a}} {{last_message_text}}"))
    script = Script(bot).start().bot(Text("?")).user("{{first_name}} <<api:1>>").calls()
    script.bot(Text("{{first_name}} <<api:1>> {{first_name}} <<api:1>>"))


# --- 6. extra


def press(extra: str | None, *, button_type: Any = "sequence", value: Any = 2) -> Script:
    bot = a_bot(text("one"), sequences={2: [text("{{nr}}")]})
    script = Script(bot).start().bot(Text("one"))
    return script.happens(Pressed(T0, Button("x", button_type, value, extra)))


def test_contract_6_pairs_become_attributes_before_the_target_starts() -> None:
    press("nr=7&city=Bonn").saved({"nr": "7", "city": "Bonn"}, "button").bot(Text("7")).attributes(
        {"nr": "7", "city": "Bonn"}
    )


@pytest.mark.parametrize(
    ("extra", "saved"),
    [
        ("a=b c&d=\u00e4\u00f6\u00fc", {"a": "b c", "d": "\u00e4\u00f6\u00fc"}),
        ("a=b+c%20d%26%3D", {"a": "b c d&="}),
        ("na%20me=%C3%A4", {"na me": "\u00e4"}),
        ("a=1=2", {"a": "1=2"}),
        ("a=", {"a": ""}),
        ("a=1&a=2", {"a": "2"}),
        ("=1&&a=1&", {"a": "1"}),
        ("a=%00", {"a": "\ufffd"}),
        ("a=%", {"a": "%"}),
        ("a={{first_name}}", {"a": "{{first_name}}"}),
    ],
)
def test_contract_6_extra_is_parsed_as_a_query_string(extra: str, saved: dict[str, str]) -> None:
    press(extra, value=1).bot(Text("one")).attributes(saved)


def test_contract_6_protected_names_are_refused_and_noted() -> None:
    script = press("uid=9&nr=7").noted("refused_attribute").bot(Text("7")).attributes({"nr": "7"})
    assert script.state.customer.id == 7


def test_contract_6_segment_without_equals_is_kept_on_the_message_only() -> None:
    script = press("payload&nr=7").bot(Text("7")).attributes({"nr": "7"})
    assert not script.last(Note)
    press("payload", value=1).bot(Text("one")).attributes({})


def test_contract_6_extra_of_other_buttons_is_not_read() -> None:
    for kind, value in (("url", "https://x.example"), ("phone", "+49123"), ("basic", None)):
        press("nr=7", button_type=kind, value=value).silent().attributes({})


def test_contract_6_limits_of_attributes_hold() -> None:
    many = "&".join(f"n{number}=1" for number in range(150))
    script = press(f"{'x' * 129}=1&big={'x' * 8193}&{many}", value=1).bot(Text("one"))
    assert list(script.state.customer.attributes) == [f"n{number}" for number in range(100)]


def test_contract_6_a_failed_call_keeps_what_was_pressed() -> None:
    bot = a_bot(text("<<api:1>>{{nr}}"))
    script = Script(bot).happens(Pressed(T0, Button("x", "sequence", 1, "nr=7"))).calls(1)
    assert script.state.customer.attributes == {"nr": "7"}, "the request of the call holds it"
    script.replies(ApiFailure("timeout", "")).bot(Text("7"))


def test_the_call_names_block_and_shape() -> None:
    script = Script(a_bot(*API_BLOCKS.values())).start()
    for index, (kind, _) in enumerate(API_BLOCKS.items()):
        shape = None if kind == "call_api" else kind
        assert script.last(CallApi) == [CallApi(f"call-{index + 1}", 1, shape, f"1.{index}")]  # type: ignore[arg-type]
        script.calls(1).replies(ok(""))
