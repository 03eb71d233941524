"""The intake process: wiring only."""

from throughcare.runtime import process
from throughcare.services.intake.agents import start


def main() -> None:
    process.main("intake", start)


if __name__ == "__main__":
    main()
