"""Webhooks both ways: signed events to any URL, signed events from any sender."""
