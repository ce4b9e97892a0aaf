"""The errors a person can act on. Each carries one sentence that is shown as it stands."""

from pathlib import Path


class ChatError(Exception):
    """Something a person asked for can't be done; `str(error)` is the sentence to show."""


class EntryError(ChatError):
    """One entry of a form or of the command line is wrong.

    `field` names the entry ("username", "passphrase", "broker", "password", "topic", "ca_file", "certificate", "key_file"), so that
    a form can show the sentence beside it.
    """

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class StorageError(ChatError):
    """The data folder or a file in it can't be used."""


class DamagedError(StorageError):
    """What is in a file, at `path`, is not what was written."""

    def __init__(self, path: Path, sentence: str) -> None:
        super().__init__(sentence)
        self.path = path


class BrokerError(ChatError):
    """The broker on this computer can't be started."""
