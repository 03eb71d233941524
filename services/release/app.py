"""The release process: wiring only."""

from throughcare.runtime import process
from throughcare.services.release.agents import start


def main() -> None:
    process.main("release", start)


if __name__ == "__main__":
    main()
