"""The values of one process, against the plainest thing that keeps the same promises."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from apiapp.caching.lru import Lru

KEYS = st.sampled_from("abcde")


class Keeping(RuleBasedStateMachine):
    """The model is a list of what was put or asked for, the latest last, of which the end counts."""

    @initialize(entries=st.integers(0, 4))
    def begin(self, entries: int) -> None:
        self.lru: Lru[int] = Lru(entries)
        self.entries = entries
        self.model: list[tuple[str, int, float, float]] = []
        self.now_s = 0.0
        self.generation = self.lru.generation()
        self.is_outdated = False

    def without(self, key: str) -> list[tuple[str, int, float, float]]:
        return [each for each in self.model if each[0] != key]

    @rule(by_s=st.sampled_from([-3, -1, 0.5, 1, 2]))
    def time_goes_by(self, by_s: float) -> None:
        self.now_s += by_s

    @rule()
    def a_look_up_begins(self) -> None:
        self.generation, self.is_outdated = self.lru.generation(), False

    @rule(key=KEYS, value=st.integers(), for_s=st.sampled_from([-1, 0, 1, 3]))
    def what_was_looked_up_is_put(self, key: str, value: int, for_s: float) -> None:
        until_s = self.now_s + for_s
        self.lru.put(key, value, now_s=self.now_s, until_s=until_s, generation=self.generation)
        if not self.is_outdated and for_s > 0 and self.entries:
            self.model = [*self.without(key), (key, value, self.now_s, until_s)][-self.entries :]

    @rule(key=KEYS)
    def a_value_is_asked_for(self, key: str) -> None:
        found = [each for each in self.model if each[0] == key]
        given_again = [each for each in found if each[2] <= self.now_s < each[3]]
        self.model = [*self.without(key), *given_again]

        value = self.lru.get(key, now_s=self.now_s)

        assert value == (given_again[0][1] if given_again else None)

    @rule(key=KEYS)
    def something_changed(self, key: str) -> None:
        self.lru.drop(key)
        self.model, self.is_outdated = self.without(key), True

    @rule()
    def something_may_have_changed(self) -> None:
        self.lru.clear()
        self.model, self.is_outdated = [], True

    def teardown(self) -> None:
        assert len(self.lru) == len(self.model)


TestKeeping = Keeping.TestCase
TestKeeping.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@given(st.lists(KEYS, min_size=1), st.integers(1, 3))
@settings(max_examples=50, deadline=None)
def test_what_was_asked_for_last_stays(asked: list[str], entries: int):
    lru: Lru[str] = Lru(entries)

    for key in asked:
        if lru.get(key, now_s=0.0) is None:
            lru.put(key, key, now_s=0.0, until_s=1.0, generation=lru.generation())

    latest = list(dict.fromkeys(reversed(asked)))
    kept = [key for key in latest if lru.get(key, now_s=0.0)]
    assert kept == latest[:entries]
