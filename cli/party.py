"""`throughcare party add`: who may knock, with the client settings to do it."""

import asyncio
import base64
import json
import secrets
import sys
from typing import Annotated

import typer

from throughcare.cli.at import Address, at
from throughcare.cli.options import AsJson, Home
from throughcare.gateway.parties import NewParty, add_party
from throughcare.runtime.seal import Seal
from throughcare.runtime.settings import Kafka
from throughcare.runtime.topics_admin import open_admin

app = typer.Typer(help="Parties: organisations and systems that connect.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Parties: organisations and systems that connect."""


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and dashes.")],
    role: Annotated[list[str], typer.Option(help="A role it acts in; may be given again.")],
    facility: Annotated[
        list[str] | None, typer.Option(help="A facility code it speaks for; may be given again.")
    ] = None,
    country: Annotated[str, typer.Option(help="ISO 3166, two letters.")] = "KG",
    language: Annotated[str, typer.Option(help="In which its desk reads: en, ru …")] = "en",
    email: Annotated[
        str | None, typer.Option(help="A desk's address, not a person's; mail goes there.")
    ] = None,
    webhook_url: Annotated[
        str | None, typer.Option(help="Where Standard Webhooks go; a secret is made for it.")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Add a party, or another key to one that is there. The key is shown this once."""
    address = at(home)
    secret = _webhook_secret() if webhook_url else None
    new = NewParty(
        party=name,
        roles=tuple(role),
        facilities=tuple(facility or ()),
        country=country,
        language=language,
        email=email,
        webhook_url=webhook_url,
        webhook_secret=_seal(address, name, secret) if secret else None,
    )
    key = asyncio.run(_add(address, new))
    told = {
        "party": name,
        "roles": list(new.roles),
        "api_key": key,
        "http": address.http,
        "kafka": address.kafka,
        "facts_topic": f"throughcare.facts.v1.{name}",
        "outcomes_topic": f"throughcare.outcomes.v1.{name}",
        **({"webhook_secret": secret} if secret else {}),
    }
    if as_json:
        print(json.dumps(told, indent=2))
        return
    print("Keep the key: it is not shown again.", file=sys.stderr)
    for what, value in told.items():
        print(f"{what:15} {', '.join(value) if isinstance(value, list) else value}")


async def _add(address: Address, new: NewParty) -> str:
    kafka = Kafka(bootstrap_servers=address.kafka)
    admin = await open_admin(kafka, patience_s=5)
    try:
        async with address.connect() as connection:
            return await add_party(connection, admin, kafka, new)
    finally:
        await admin.close()


def _webhook_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _seal(address: Address, party: str, secret: str) -> bytes:
    return Seal.from_file(address.sealing_key).seal(secret.encode(), f"webhook/{party}")
