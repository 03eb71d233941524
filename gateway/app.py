"""The gateway process: HTTP door, Kafka facts door, relay, outcomes."""

from throughcare.gateway.entrance import Entrance
from throughcare.gateway.erasing import ErasedList, Eraser
from throughcare.gateway.facts_door import FactsDoor
from throughcare.gateway.forgetting import forget
from throughcare.gateway.gate import Gate
from throughcare.gateway.http.application import application
from throughcare.gateway.http.doors import Doors, Turns
from throughcare.gateway.http.server import bind, make_server
from throughcare.gateway.lease import Lease
from throughcare.gateway.listing import refold_missing
from throughcare.gateway.outcomes import Hearing
from throughcare.gateway.parties import all_topics
from throughcare.gateway.relay import Relay
from throughcare.gateway.telling import Telling
from throughcare.gateway.waiting import Waiting
from throughcare.runtime import process
from throughcare.runtime.process import Process
from throughcare.runtime.projector import Projector
from throughcare.runtime.topics_admin import ensure_topics
from throughcare.services.intake.vault import KeyFile

SERVICE = "gateway"


async def build(process: Process) -> None:
    settings = process.settings
    socket = bind(settings.http)
    # A cluster that began anew has no party's topics either.
    await ensure_topics(process.admin, settings.kafka, await all_topics(process.pool))

    entrance = await Entrance.open(settings.database, process.seal)
    relay = Relay(process.pool, process.producer, process.cluster_id)
    await relay.begin()
    waiting = Waiting(process.pool)
    telling = Telling(process.pool, process.producer, process.seal)
    hearing = Hearing(relay.offer, process.seal)

    process.spawn("relay", relay.relay_forever())
    process.every("relay again", 1.0, relay.sweep)
    process.every("waiting", 0.5, waiting.look, "throughcare_outcomes")
    await process.consume(Projector(SERVICE, hearing.project, after_commit=hearing.committed))

    facts = FactsDoor(process, relay)
    eraser = Eraser(process.pool, ErasedList(settings.erased_list))

    async def lead() -> None:
        await eraser.begin()
        await facts.read_forever()

    lease = Lease(settings.database, lead)
    process.spawn("lease", lease.hold_forever())

    async def tell() -> None:
        if lease.held:
            await telling.publish()

    async def settle_letters() -> None:
        if lease.held:
            await facts.settle_letters()

    async def erase() -> None:
        if lease.held:
            await eraser.erase_due()

    process.every("erasing", 2.0, erase, "throughcare_erased")
    process.every("telling", 0.5, tell, "throughcare_outcomes")
    process.every("fact letters", 1.0, settle_letters, "throughcare_letters")
    process.every("work lists", 30.0, lambda: refold_missing(process.pool))
    process.every(
        "forgetting", 10.0, lambda: forget(process.pool, process.seal), "throughcare_clock"
    )

    made_up = settings.protocol.mode == "synthetic"
    gate = Gate(entrance, KeyFile.read(settings.vault_key_file), drafts=made_up)
    doors = Doors(process.pool, entrance, gate, relay, waiting, Turns())
    server = make_server(application(process, doors))
    process.spawn("http", server.serve([socket]))

    async def close_doors() -> None:
        server.should_exit = True
        await waiting.leave()

    process.on_stop(close_doors)


def main() -> None:
    """Run the gateway to its end."""
    process.main(SERVICE, build)
