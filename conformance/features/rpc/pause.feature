@agent
Feature: Pausing
  A person who wants to look first pauses the agent, for everybody, until it is resumed.

  Background:
    Given an agent under test, with an assistant
    And a controller that is paired with it and may also "admin"

  Rule: "session.pause" is answered with the pauseId of a new pause, or of the one that lasts

    @req:rpc.pause.begin @req:rpc.pause.resume
    Scenario: Two controllers pause, and there is one pause
      Given a second controller that is paired with it
      When the controller calls "session.pause"
      Then the controller is answered with a fresh pauseId
      When the second controller calls "session.pause"
      Then the second controller is answered with the same pauseId
      When the second controller calls "session.resume" with that pauseId
      Then the second controller is answered with a result
      When the controller calls "session.pause"
      Then the controller is answered with a fresh pauseId

  Rule: A paused agent answers commands and writes with "paused", and does not execute them

    @req:rpc.pause.refuses
    Scenario: Whatever has an effect
      Given the controller has paused the agent with "session.pause"
      Then each of these is answered with the error "paused"
        | method                  | params                                                                              |
        | claude.sendMessage      | {"prompt": "say hello"}                                                             |
        | claude.openConversation | {"new": true}                                                                       |
        | terminal.open           | {"cols": 80, "rows": 24, "command": ["cat"]}                                        |
        | terminal.write          | {"terminalId": "5f0b6a1e-93f4-4a6c-9a53-1c2d7e8f0b64", "offset": 0, "data": "bHMK"} |
        | terminal.resize         | {"terminalId": "5f0b6a1e-93f4-4a6c-9a53-1c2d7e8f0b64", "cols": 80, "rows": 24}      |
        | terminal.close          | {"terminalId": "5f0b6a1e-93f4-4a6c-9a53-1c2d7e8f0b64"}                              |
        | file.write              | {"path": "paused", "content": "hello"}                                              |
        | file.upload             | {"upload": "5f0b6a1e-93f4-4a6c-9a53-1c2d7e8f0b64", "offset": 0, "data": "bHMK"}     |
        | git.commit              | {"message": "x"}                                                                    |
        | device.rename           | {"deviceId": "aaaaaaaaaaaaaaaaaaaaaaaaaa", "name": "another"}                       |
        | device.grant            | {"deviceId": "aaaaaaaaaaaaaaaaaaaaaaaaaa", "capabilities": []}                      |
      And the agent has opened 0 terminals
      When the controller calls "session.resume" with that pauseId
      Then the assistant has heard 0 prompts

    @req:rpc.pause.refuses @req:rpc.pause.goes-on
    Scenario: A permission request can be refused, and not allowed
      Given the controller has given the prompt "ask"
      And the controller has been asked
      And the controller has paused the agent with "session.pause"
      When the controller answers "allow"
      Then the controller is answered with the error "paused"
      When the controller answers "always"
      Then the controller is answered with the error "paused"
      And "claude.getStatus" lists the request as pending to each of them
      When the controller answers "deny"
      Then the controller is answered that the request is "denied"
      And the assistant then says "denied"
      And the controller is told that the prompt is "completed"

  Rule: Reads, and what stops or ends something, go on, and so does the running turn

    @req:rpc.pause.goes-on
    Scenario: A controller that looks, cancels and leaves
      Given the controller has given the prompt "wait"
      And the controller has paused the agent with "session.pause"
      Then each of these is answered with a result
        | method           | params |
        | agent.info       | {}     |
        | claude.getStatus | {}     |
        | device.list      | {}     |
        | terminal.list    | {}     |
      When the controller cancels the turn
      Then the controller is answered that there was something to cancel
      And "claude.messageState" tells the controller that the prompt is "started", then "cancelled"
      When the controller revokes itself
      Then the controller is answered with a result, and only then told "pairing.revoked"

  Rule: Prompts that wait begin after the pause, and not in it

    @req:rpc.pause.queue @req:rpc.pause.resume @negative
    Scenario: A prompt that waits behind the turn that is cancelled
      Given the controller has given the prompt "wait"
      And the controller has given the prompt "say hello"
      And the controller has paused the agent with "session.pause"
      When the controller cancels the turn
      Then "claude.messageState" tells the controller that the prompt before is "started", then "cancelled"
      And "claude.getStatus" tells the state "idle" and 1 prompt in the queue
      And the assistant has heard no other prompt than "wait"
      When the controller calls "session.resume" with that pauseId
      Then the controller is told that the prompt is "completed"

  Rule: "paused" is recorded like every outcome, so that nothing that was refused runs afterwards

    @req:rpc.pause.refused
    Scenario: The command that was refused comes again
      Given the controller has paused the agent with "session.pause"
      When the controller gives the prompt "say hello"
      Then the controller is answered with the error "paused"
      And the agent is resumed with "session.resume"
      When the controller sends the same request again
      Then the controller is answered with the recorded response
      And the assistant has heard 0 prompts

  Rule: A "session.resume" with another pauseId, and one without a pause, is "not-found"

    @req:rpc.pause.unknown @negative
    Scenario: Somebody resumes another pause, or none
      When the controller calls "session.resume" with a pauseId that there is not
      Then the controller is answered with the error "not-found"
      Given the controller has paused the agent with "session.pause"
      When the controller calls "session.resume" with a pauseId that there is not
      Then the controller is answered with the error "not-found"
      When the controller gives the prompt "say hello"
      Then the controller is answered with the error "paused"
      When the controller calls "session.resume" with that pauseId
      Then the controller is answered with a result
      When the controller calls "session.resume" with that pauseId
      Then the controller is answered with the error "not-found"

  Rule: The pause outlives the program

    @req:rpc.pause.kept @req:rpc.pause.status @long
    Scenario: An agent that was killed in its pause
      Given the controller has paused the agent with "session.pause"
      When the agent is killed, and runs again
      Then "claude.getStatus" tells that the controller has paused it
      When the controller gives the prompt "say hello"
      Then the controller is answered with the error "paused"
      When the controller calls "session.resume" with that pauseId
      Then the controller is answered with a result
      When the agent is killed, and runs again
      Then "claude.getStatus" tells no pause

  Rule: Everybody who may observe is told that a pause begins and ends, and by whom

    @req:rpc.pause.told @req:rpc.pause.status @req:rpc.event.capability
    Scenario: One pauses, and another resumes
      Given a second controller that is paired with it
      And a third controller that may do everything but "observe"
      When the controller calls "session.pause"
      Then the controller is answered with a fresh pauseId
      And both controllers are told "session.paused" by the controller
      And "claude.getStatus" tells that the controller has paused it
      When the second controller calls "session.resume" with that pauseId
      Then both controllers are told "session.resumed" by the second controller
      And "claude.getStatus" tells no pause
      And the third controller is told nothing of devices and of the conversation
