"""Stage 1: the desk that listeners speak to, one question for each step of a dialogue."""

from __future__ import annotations

from wardmail.model.address import Address
from wardmail.model.decision import Outcome
from wardmail.model.identity import Identity
from wardmail.model.integration import Credential
from wardmail.model.message import Envelope, Submission
from wardmail.model.receipt import Accepted
from wardmail.model.refusal import Refusal
from wardmail.outbound import authentication, authorisation, decision, walk
from wardmail.outbound.gate import closed, told
from wardmail.outbound.world import Dispatch, World


class Desk:
    """Implements `ports.SubmissionDesk` over the world; answers from memory, but for `accept`."""

    def __init__(self, world: World, dispatch: Dispatch) -> None:
        self._world = world
        self._dispatch = dispatch

    def new_message_id(self) -> str:
        return self._world.new_id()

    def now(self) -> float:
        return self._world.clock.now()

    def authenticate(self, username: str, secret: str, peer: str) -> Identity | Refusal:
        world = self._world
        identity = authentication.authenticate(
            world.register.snapshot, world.pepper, username, secret, peer=peer, now=world.clock.now()
        )
        return self._told(identity) if isinstance(identity, Refusal) else identity

    def credential(self, username: str) -> Credential | None:
        return self._world.register.snapshot.credentials.get(username)

    def by_certificate(self, thumbprint: bytes) -> Credential | None:
        """Whose client certificate it is; nobody's when two credentials have it."""
        credentials = self._world.register.snapshot.credentials.values()
        found = [each for each in credentials if each.certificate == thumbprint and each.revoked_at is None]
        return found[0] if len(found) == 1 else None

    def admit(self, credential: Credential, peer: str) -> Identity | Refusal:
        identity = authentication.admit(self._world.register.snapshot, credential, peer, self._world.clock.now())
        return self._told(identity) if isinstance(identity, Refusal) else identity

    def check_sender(self, identity: Identity, sender: Address | None, declared_size: int) -> Refusal | None:
        """The register is asked anew: a session may be older than what it says of the integration now."""
        register = self._world.register
        integration = register.snapshot.integrations.get(identity.integration.id, identity.integration)
        refusal = closed(integration, register.state_of(integration), register.terms)
        refusal = refusal or authorisation.check_sender(integration, sender)
        return self._told(refusal) if refusal else None

    def check_recipient(self, identity: Identity, envelope: Envelope, recipient: Address) -> Refusal | None:
        """What is refused whatever the message says is refused here, where a client can see which address it was."""
        integration = identity.integration
        if len(envelope.recipients) >= integration.limits.recipients_per_message:
            return Refusal(
                452, "4.5.3", "Too many recipients in one message; send the rest separately", "WM-LIMIT-RCPT"
            )
        facts = decision.gather_facts(self._world.register, integration, recipient, integration.default_sensitivity)
        decided = decision.decide(self._world.rules, facts)
        refused = decided.outcome is Outcome.REFUSE and decided.refusal
        return self._told(refused) if refused else None

    def _told(self, refusal: Refusal) -> Refusal:
        return told(refusal, self._world.settings.contacts)

    async def preview(self, submission: Submission) -> walk.Judgement | Refusal:
        """What would be decided; nothing is stored, sent or counted."""
        return await walk.judge(self._world, submission)

    async def accept(self, submission: Submission) -> Accepted | Refusal:
        return await walk.accept(self._world, submission, self._dispatch)
