"""The exception that carries why there is no reply."""

from backtalk.outbound.failure import NoReply


def test_it_carries_what_the_call_log_shows() -> None:
    failure = NoReply("redirect", "Change the URL.", status=302, headers=(("Location", "/x"),))
    assert (failure.kind, failure.message, failure.status) == ("redirect", "Change the URL.", 302)
    assert str(failure) == "Change the URL."
