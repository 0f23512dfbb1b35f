"""A stage with couriers at work, for tests of what happens to a message after its 250."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from tests.databases import fresh_sqlite
from tests.worlds import HEAD, ScriptedCourier, Stage, staged, submission
from wardmail.model.receipt import Accepted
from wardmail.outbound.delivery import Delivery
from wardmail.outbound.recording import Recorder
from wardmail.outbound.reporting import Reporter
from wardmail.outbound.walk import accept
from wardmail.store.messages import MessageLine, Messages, Search
from wardmail.store.schema import message


@dataclass
class Office:
    """A stage with couriers at work."""

    stage: Stage
    courier: ScriptedCourier
    delivery: Delivery

    async def send(self, *to: str, head: bytes = HEAD) -> str:
        receipt = await accept(self.stage.world, submission(self.stage, *to, head=head), self.delivery)
        assert isinstance(receipt, Accepted)
        await self.settle()
        return receipt.message_id

    async def settle(self) -> None:
        """Let couriers and recorder finish what is in hand."""
        for _ in range(200):
            await asyncio.sleep(0.005)
            if not self.delivery._tasks and not self.delivery._recorder._pending:
                return
        raise AssertionError("couriers never came to rest")

    async def later(self, seconds: float) -> None:
        """Move the clock, and let one round of fetching happen."""
        self.stage.clock.at += seconds
        self.stage.world.register.refresh()
        for name in self.stage.world.register.snapshot.routes:
            await self.delivery._fetch(self.delivery._lane(name))
        await self.settle()

    def line(self, message_id: str, n: int = 0) -> MessageLine:
        return Messages(self.stage.database).search(Search(message_id))[n]

    def reports(self) -> list[str]:
        query = select(message.c.id).where(message.c.via == "report").order_by(message.c.received_at)
        with self.stage.database.read() as connection:
            return list(connection.execute(query).scalars())

    async def report(self, n: int = 0) -> bytes:
        head, body = await self.stage.world.queue.read_content(self.reports()[n], 0)
        return head + b"\r\n" + b"".join(body.chunks())


@contextlib.contextmanager
def open_office(directory: Path) -> Iterator[Office]:
    with fresh_sqlite(directory) as database, staged(directory, database) as stage:
        courier, world = ScriptedCourier(), stage.world
        recorder = Recorder(world.queue, Reporter(world), stage.clock)
        delivery = Delivery(
            register=world.register, queue=world.queue, courier=courier, recorder=recorder, clock=stage.clock, lease=600
        )
        yield Office(stage, courier, delivery)
