"""The receiving end of webhooks: verify, store durably, answer. What was stored a run of the stream takes into the inbox."""
