"""docker-compose.yml as the tests read it."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
_DOLLAR = re.compile(r"\$\$|\$\{([A-Z_]+):-([^}]*)\}")


def compose_file() -> dict[str, Any]:
    """The file with its anchors resolved, its variables still in it."""
    parsed: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    return parsed


def expand(text: str, given: dict[str, str]) -> str:
    """What Compose makes of a value: `${NAME:-otherwise}`, and `$$` for a dollar sign."""
    return _DOLLAR.sub(
        lambda found: "$" if found[0] == "$$" else given.get(found[1]) or found[2], text
    )


def environment_of(service: dict[str, Any], given: dict[str, str]) -> dict[str, str]:
    """A service's environment, its variables filled in from `given`."""
    return {
        name: expand(str(value), given) for name, value in service.get("environment", {}).items()
    }


def secrets_of(service: dict[str, Any]) -> dict[str, str]:
    """Where each secret is mounted, by its name."""
    mounted = {}
    for secret in service.get("secrets", []):
        if isinstance(secret, str):
            mounted[secret] = f"/run/secrets/{secret}"
        else:
            mounted[secret["source"]] = secret.get("target", f"/run/secrets/{secret['source']}")
    return mounted
