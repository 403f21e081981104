"""What runs have from their clients is known where secrets are taken out, as long as the runs go on."""

from __future__ import annotations

from dataclasses import replace

from engine.orchestrate.events import Draft
from engine.orchestrate.origins import Origins
from engine.orchestrate.redact import Redactor
from engine.orchestrate.steps.world import World
from engine.orchestrate.store.verify import records_in


def test_records_hide_the_secrets_of_all_runs_that_go_on(project):
    own = World(project.workspace, {**project.environment, "MY_TOKEN": "open sesame"})
    with own.workspace.open_log() as log:
        origins = Origins(own, lambda environs: log.redact(Redactor(*environs)))

        def said():
            log.append(Draft(type="error", payload={"class": "system", "message": "open sesame, abracadabra"}))
            return list(records_in(own.workspace.locations.database))[-1]["reason"]

        origins.keep("r", None, replace(own, environ={"THEIR_SECRET": "abracadabra"}))
        assert said() == "[redacted MY_TOKEN], [redacted THEIR_SECRET]"
        origins.forget("r")
        assert said() == "[redacted MY_TOKEN], abracadabra"
