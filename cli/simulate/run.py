"""One cohort, case by case: what a life leaves is counted, and the life forgotten."""

import gc
from random import Random

from throughcare.cli.cohort.cohort import each_course, end_of
from throughcare.cli.cohort.simulate import live
from throughcare.cli.cohort.world import World
from throughcare.cli.simulate.tally import Tally, count


def run(cases: int, days: int, rng: Random, world: World) -> Tally:
    """`days` of follow-up after the last release."""
    until = end_of(days, world)
    courses = each_course(cases, rng, world)
    # A life is a small circle of things that point at each other, many thousand times over:
    # looking for circles after every few of them takes a tenth of the time.
    gc.freeze()
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        return count(((live(course, until), course) for course in courses), until)
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
