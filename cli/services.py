"""Which processes make a deployment, and the database role of each."""

SERVICES = ("intake", "release", "notifications", "timeline", "gateway", "watcher")


#: Who signs in to the database: each service, and the gateway once more for the requests of parties.
LOGINS = (*SERVICES, "door")


def module_of(service: str) -> str:
    """The module whose `main()` runs the service to its end."""
    if service == "gateway":
        return "throughcare.gateway.app"
    return f"throughcare.services.{service}.app"


def role_of(service: str) -> str:
    """The database role that the migrations make for it."""
    return f"throughcare_{service}"
