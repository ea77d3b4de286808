"""How long the small world takes to tell stories on one core, from nothing. Bar: 20 s for 100,000; fails if missed.

python benchmarks/world.py [number of stories]
"""

import math
import sys
import time

from coursekit.data import World

BAR = 20.0  # seconds of one core for 100,000 stories or fewer


def main() -> int:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    wall, cpu = time.perf_counter(), time.process_time()
    world = World()
    stories = world.sample(n, seed=0)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    words = sum(len(s.tokens) for s in stories)
    forced = sum(lp == 0 for s in stories for lp in s.logprob) / words
    print(f"{n:,} stories, {words:,} words: {cpu:.1f} s of one core ({wall:.1f} s by the clock)")
    print(
        f"vocabulary {len({w for s in stories for w in s.tokens})}, {words / n:.1f} words a story, {forced:.1%} forced"
    )
    print(f"floor {world.floor(stories):.4f} nats a word, perplexity {math.exp(world.floor(stories)):.3f}")
    bar = BAR * max(n / 100_000, 1)
    if cpu > bar:
        print(f"bar missed: {cpu:.1f} s of one core, the bar is {bar:.1f} s")
    return int(cpu > bar)


if __name__ == "__main__":
    sys.exit(main())
