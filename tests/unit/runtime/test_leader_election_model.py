"""Leader election, under any order of events."""

from itertools import islice

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from structlog.testing import capture_logs

from daskop.runtime.leader_election import LeaseTimes
from tests.unit.fakes.candidates import Candidate, nothing
from tests.unit.fakes.clock import SteppedClock
from tests.unit.fakes.kube import FakeKube

HOUR = 3600.0
TIGHT = LeaseTimes(15, 14.99, 2)
"""Next to no margin between a leader's and a follower's time, so that a mistake shows."""

WHO = st.integers(0, 2)
SECONDS = st.sampled_from([0.0, 0.0, 2.0, 5.0, 10.0, 15.0])


class Election(RuleBasedStateMachine):
    """Three replicas, whose clocks differ, on lines that are slow and lose requests and answers."""

    def __init__(self) -> None:
        super().__init__()
        self.time = SteppedClock()
        self.kube = FakeKube()
        self.born = 0
        self.replicas = [self.new(), self.new(), self.new()]

    def new(self) -> Candidate:
        self.born += 1
        replica = Candidate(self.kube, self.time, f"r{self.born}", times=TIGHT)
        replica.offset = 1000.0 * self.born
        return replica

    @rule(seconds=SECONDS)
    def wait(self, seconds: float) -> None:
        self.time.step(seconds)
        self.at_most_one_leads()

    @rule(who=WHO, fails=st.sampled_from(["", "", "before", "after"]))
    def step(self, who: int, fails: str) -> None:
        replica = self.replicas[who]
        replica.fails = fails
        replica.step()
        if replica.losses:
            self.replicas[who] = self.new()

    @rule(who=WHO, events=st.lists(st.tuples(SECONDS, WHO, SECONDS), max_size=4))
    def step_slowly(self, who: int, events: list[tuple[float, int, float]]) -> None:
        """On the way of each request and of each answer, time passes and another one steps."""
        replica, coming = self.replicas[who], iter(events)

        def meanwhile() -> None:
            for before, other, after in islice(coming, 1):
                self.wait(before)
                if other != who:
                    self.step(other, "")
                self.wait(after)

        replica.on_the_way = replica.on_the_way_back = meanwhile
        self.step(who, "")
        replica.on_the_way = replica.on_the_way_back = nothing

    @rule(who=WHO, seconds=st.sampled_from([-HOUR, -10.0, -5.0, HOUR]))
    def jump(self, who: int, seconds: float) -> None:
        self.replicas[who].wall += seconds

    @rule(who=WHO, gracefully=st.booleans())
    def restart(self, who: int, gracefully: bool) -> None:
        if gracefully:
            self.replicas[who].elector.stop()
        self.replicas[who] = self.new()

    @invariant()
    def at_most_one_leads(self) -> None:
        assert 1 >= sum(replica.elector.is_leader for replica in self.replicas)


def test_two_never_lead_at_once() -> None:
    """
    Whatever is slow, lost, restarted or jumps: no two replicas pass the gate at one time.
    """
    # Shrinking a failure takes minutes, beyond pytest's timeout: add Phase.shrink to look at one.
    profile = settings(max_examples=100, stateful_step_count=40, phases=[Phase.generate])
    with capture_logs():  # rendering them would take half of the time
        run_state_machine_as_test(Election, settings=profile)
