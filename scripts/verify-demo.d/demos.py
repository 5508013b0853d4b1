"""What each demo is to show: its locks, its threads, and who calls whom with a lock held."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Demo:
    """One demo."""

    program: str
    service: str
    environment: str
    # By its name in what the demo prints: its name in a profile.
    locks: dict
    # By role: how many threads.
    threads: dict
    # By depth: the functions that take a lock there, innermost first.
    chains: dict


SIMPLE = Demo(
    program="rlock_simple_demo",
    service="rlock-simple-demo",
    environment="dev",
    locks={"counter_lock": "counter_lock"},
    threads={"Simple": 5, "Reentrant": 5},
    chains={1: [("add_one",), ("add_two",)], 2: [("add_inside", "add_two")]},
)

STRESS = Demo(
    program="rlock_stress_test",
    service="rlock-stress-test",
    environment="dev",
    locks={name: name for name in ("shared_resource", "counter", "cache", "nested")},
    threads={"Worker": 10},
    chains={
        1: [("use_shared_resource",), ("increment_counter",), ("look_up", "use_cache"), ("level_one",)],
        2: [("fill_slot", "look_up"), ("level_two", "level_one")],
        3: [("level_three", "level_two", "level_one")],
    },
)

HEAVY = Demo(
    program="rlock_heavy_contention",
    service="rlock-heavy-contention",
    environment="demo",
    locks={"shared_object": "make_shared_object (init)"},
    threads={"Writer": 3, "Reader": 8, "Nested": 4},
    chains={
        1: [("write_item",), ("read_items",), ("nest_three_deep",)],
        2: [("nest_three_deep",)],
        3: [("nest_three_deep",)],
    },
)

DEMOS = {
    "simple": SIMPLE,
    "stress": STRESS,
    "heavy": HEAVY,
    "simple_cxx": dataclasses.replace(SIMPLE, program="rlock_simple_demo_cxx", locks={"counter": "counter"}),
    "stress_cxx": dataclasses.replace(STRESS, program="rlock_stress_test_cxx"),
    "heavy_cxx": dataclasses.replace(
        HEAVY, program="rlock_heavy_contention_cxx", locks={"SharedObject": "SharedObject"}
    ),
}
