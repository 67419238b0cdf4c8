"""Clients that come back: one that reconnects (lesson 06), and one that also resumes (lesson 09)."""

from wslearn.client.line import Refused
from wslearn.client.outbox import Rejected
from wslearn.client.reconnect import TERMINAL_CODES, backoff, retry_after, stay_connected
from wslearn.client.resume import Gap, Message
from wslearn.client.subscription import Subscription

__all__ = [
    "TERMINAL_CODES",
    "Gap",
    "Message",
    "Refused",
    "Rejected",
    "Subscription",
    "backoff",
    "retry_after",
    "stay_connected",
]
