"""Why an exchange gave no reply, as the one exception that travels inside this package."""

from backtalk.exchange import FailureKind, Headers


class NoReply(Exception):
    """The exchange is over without a usable answer; `Outbound.send` turns this into an `HttpFailure`.

    The message names cause and cure for the bot's author. It never holds a header value or a query string.
    """

    def __init__(self, kind: FailureKind, message: str, *, status: int | None = None, headers: Headers = ()) -> None:
        super().__init__(message)
        self.kind: FailureKind = kind
        self.message = message
        self.status = status
        self.headers = headers
