"""Encrypted MQTT Chat: a private conversation over any MQTT broker, for everyone who knows the passphrase."""

__version__ = "0.1.0"
