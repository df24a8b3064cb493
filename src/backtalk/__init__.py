"""Backtalk: chatbots that answer from a company's own systems."""

__version__ = "0.1.0"
