"""What an actor can ask of the run it is in: `from actors.context import current_run, should_stop`."""

from actors.worker.keeping.process import worker_engine
from actors.worker.running.current import CurrentRun, current_run, find_current_run, identity_of, should_stop
from actors.worker.running.references import fill_in

__all__ = ["CurrentRun", "current_run", "fill_in", "find_current_run", "identity_of", "should_stop", "worker_engine"]
