"""A room's part in the exchange of files: what people want, and what members tell each other about it. The session's thread owns it.

The bytes are the business of `files.py`, on a thread of its own.
"""

from collections.abc import Callable, Iterable

from chat.conversation import Conversation
from chat.events import AcceptFile, DeclineFile, Member, Message, PauseFile, ResumeFile, SendFile
from chat.file_messages import Accept, Drop, Entered, Gone, Heard, Offered, Pause, Present, Ready, Share, Tell, ToFiles
from chat.history import History
from chat.protocol.records import FileOffer, Record, Reference, Retract
from chat.protocol.step import Step

FileCommand = SendFile | AcceptFile | PauseFile | ResumeFile | DeclineFile


class Offers:
    """See the module. `room` is the room's name, `topic` that of its files; `post` tells the files' thread something."""

    def __init__(
        self, room: str, topic: str, device: bytes, history: History, conversation: Conversation, post: Callable[[ToFiles], None]
    ) -> None:
        self._room, self._history, self._conversation, self._post = room, history, conversation, post
        self._online: frozenset[bytes] = frozenset()
        post(Entered(room, device, topic, tuple(history.files)))

    def leave(self, *, delete: bool) -> None:
        """The room is left; with `delete`, what arrived of unfinished files is deleted."""
        self._post(Gone(self._room, delete))

    def do(self, command: FileCommand) -> None:
        """What a person asks for. About an offer that is not known here nothing is done."""
        if isinstance(command, SendFile):
            self._post(Share(self._room, command.path))
            return
        reference = self._conversation.reference(command.key)
        offer = None if reference is None else self._offer(reference)
        if reference is None or offer is None:
            return
        match command:
            case AcceptFile(folder=folder):
                self._post(Accept(self._room, reference.id, reference.device, offer, folder))
            case PauseFile() | ResumeFile():
                self._post(Pause(self._room, reference.id, isinstance(command, PauseFile)))
            case DeclineFile():
                self._post(Drop(self._room, reference.id, reference.device, offer))

    def _offer(self, reference: Reference) -> FileOffer | None:
        packet = self._history.get(reference)
        bodies = [record.body for record in self._conversation.read([] if packet is None else [packet])]
        return next((body for body in bodies if isinstance(body, FileOffer)), None)

    def heard(self, step: Step) -> None:
        """What others say of files, and offers that were taken back."""
        for device, told in step.holdings:
            self._post(Heard(self._room, device, told))
        for record in (*step.heard, *step.said):
            if isinstance(record.body, Retract) and record.body.target.device == record.device:
                self._post(Drop(self._room, record.body.target.id, record.device, None))

    def present(self, members: Iterable[Member]) -> None:
        """Who is in the room now."""
        online = frozenset(bytes.fromhex(member.device) for member in members if member.online and not member.own)
        if online != self._online:
            self._online = online
            self._post(Present(self._room, online))

    def shown(self, messages: Iterable[Message]) -> None:
        """These are shown from now on: how it stands with their files has to be told."""
        ids = tuple(bytes.fromhex(message.key) for message in messages if message.file is not None)
        if ids:
            self._post(Tell(self._room, ids))

    def offered(self, ready: Ready, said: Iterable[Record]) -> bool:
        """Whether the offer of a file that was read is among the records that were signed; then it can be sent."""
        record = next((record for record in said if record.body == ready.offer), None)
        if record is None:
            self._post(Share(self._room, ready.path, on=False))
            return False
        self._post(Offered(self._room, ready.path, ready.offer, record.id))
        return True
