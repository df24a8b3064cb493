"""The one door out: deadline, bounds, address guard, limits and connections per workspace, breaker."""

from backtalk.outbound.client import Outbound
from backtalk.outbound.guard import EgressPolicy
from backtalk.outbound.slots import Limits

__all__ = ["EgressPolicy", "Limits", "Outbound"]
