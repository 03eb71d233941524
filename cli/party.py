"""`throughcare party`: who may knock, with the client settings to do it; keys listed and revoked."""

import asyncio
import base64
import json
import secrets
import sys
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from throughcare.cli.at import Address, at
from throughcare.cli.options import AsJson, Home
from throughcare.gateway.parties import (
    PARTY_ROLES,
    NewParty,
    add_party,
    key_id_of,
    keys_of,
    revoke,
    stored,
)
from throughcare.protocol.profiles import CURRENT
from throughcare.runtime.errors import SetupError
from throughcare.runtime.seal import Seal
from throughcare.runtime.topics_admin import open_admin

COUNTRIES = tuple(sorted(CURRENT))
app = typer.Typer(help="Parties: organisations and systems that connect.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Parties: organisations and systems that connect."""


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and dashes.")],
    role: Annotated[
        list[str],
        typer.Option(help=f"A role it acts in; may be given again: {', '.join(PARTY_ROLES)}."),
    ],
    facility: Annotated[
        list[str] | None, typer.Option(help="A facility code it speaks for; may be given again.")
    ] = None,
    country: Annotated[
        str | None,
        typer.Option(help=f"Whose rules it goes by: {', '.join(COUNTRIES)}.", show_default="KG"),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            help="In which its desk reads: en, ru, kk, ky, tg, tk, uz.", show_default="en"
        ),
    ] = None,
    email: Annotated[
        str | None, typer.Option(help="A desk's address, not a person's; mail goes there.")
    ] = None,
    webhook_url: Annotated[
        str | None, typer.Option(help="Where Standard Webhooks go; a secret is made for it.")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Add a party, or another key to one that is there as named. The key is shown this once."""
    if country is not None and country not in COUNTRIES:
        raise SetupError(f"--country is one of {', '.join(COUNTRIES)}: there are no other rules.")
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
    key, key_id, stands = asyncio.run(_add(address, new))
    told: dict[str, Any] = {
        "party": name,
        **{
            what: stands[what]
            for what in ("roles", "facilities", "country", "language", "email", "webhook_url")
            if stands[what]
        },
        "api_key": key,
        "key_id": key_id,
        "http": address.http,
        "kafka": address.kafka,
        "facts_topic": f"throughcare.facts.v1.{name}",
        "outcomes_topic": f"throughcare.outcomes.v1.{name}",
        # Of a party that was there, the one of then goes on.
        **({"webhook_secret": secret} if secret and is_new_secret(new, stands) else {}),
    }
    if as_json:
        print(json.dumps(told, indent=2))
        return
    print("Keep the key: it is not shown again.", file=sys.stderr)
    for what, value in told.items():
        print(f"{what:15} {', '.join(value) if isinstance(value, list) else value}")


@app.command("keys")
def list_keys(
    name: Annotated[str, typer.Argument(help="The party.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List the keys of a party: what each is called, since when, and whether it is good."""
    keys = asyncio.run(_keys(at(home), name))
    told = [
        {"key_id": str(key["key_id"]), "created_at": _time(key["created_at"])}
        | ({"revoked_at": _time(key["revoked_at"])} if key["revoked_at"] else {})
        for key in keys
    ]
    if as_json:
        print(json.dumps(told, indent=2))
        return
    for key in told:
        ended = f"revoked {key['revoked_at']}" if "revoked_at" in key else "good"
        print(f"{key['key_id']}  {key['created_at']}  {ended}")


@app.command("revoke")
def revoke_keys(
    key_id: Annotated[
        UUID | None, typer.Option(help="One key, by what `party keys` calls it.")
    ] = None,
    party: Annotated[str | None, typer.Option(help="All keys of a party.")] = None,
    home: Home = None,
) -> None:
    """Revoke one key, or all of a party, from the next request on; exit code 1 if there is none."""
    if (key_id is None) == (party is None):
        raise SetupError("Name one key with --key-id, or all of a party with --party.")
    keys = asyncio.run(_revoke(at(home), key_id, party))
    for key in keys:
        print(f"revoked {key['key_id']} of {key['party']}")
    if not keys:
        print("There is no such key.", file=sys.stderr)
        raise typer.Exit(1)
    if keys[0]["left"] == 0:
        print(f"{keys[0]['party']} has no key left.", file=sys.stderr)


def is_new_secret(new: NewParty, stands: dict[str, Any]) -> bool:
    """Whether the secret that was just made is the one kept."""
    return bool(stands["webhook_secret"] == new.webhook_secret)


async def _add(address: Address, new: NewParty) -> tuple[str, str, dict[str, Any]]:
    """The new key, what it is called, and what stands of the party now."""
    kafka = address.broker()
    admin = await open_admin(kafka, patience_s=5)
    try:
        async with address.connect() as connection:
            key = await add_party(connection, admin, kafka, new)
            key_id = str(await key_id_of(connection, key))
            return key, key_id, await stored(connection, new.party) or {}
    finally:
        await admin.close()


async def _keys(address: Address, party: str) -> list[dict[str, Any]]:
    async with address.connect() as connection:
        return await keys_of(connection, party)


async def _revoke(address: Address, key_id: UUID | None, party: str | None) -> list[dict[str, Any]]:
    async with address.connect() as connection:
        return await revoke(connection, key_id=key_id, party=party)


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _webhook_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _seal(address: Address, party: str, secret: str) -> bytes:
    return Seal.from_file(address.sealing_key).seal(secret.encode(), f"webhook/{party}")
