@agent
Feature: Commands
  A command has an effect, and is executed once however often it arrives.

  Background:
    Given an agent under test, with an assistant
    And a controller that is paired with it

  Rule: A command whose id the same controller has used before is not executed, but answered with the recorded response

    @req:rpc.command.once @req:rpc.command.recorded @negative
    Scenario: A prompt that is sent 50 times through a relay that drops, duplicates, reorders and delays
      Given a relay that drops, duplicates, reorders and delays
      When the controller sends the same prompt 50 times
      And the relay behaves again, and the controller sends it once more
      Then the controller is answered with a result
      And every other answer to it was the same, or "stale"
      And the assistant has heard 1 prompt

    @req:rpc.command.once @req:rpc.command.recorded @negative
    Scenario: In a new session, and after the device was paired anew
      Given the controller has opened a terminal that runs "cat"
      When the controller sends the same request again
      Then the controller is answered with the recorded response
      When the controller makes a new session
      And the controller sends the same request again
      Then the controller is answered with the recorded response
      When the controller is paired with the agent anew
      And the controller sends the same request again
      Then the controller is answered with the recorded response
      And the agent has opened 1 terminal

    @req:rpc.command.once @negative
    Scenario: Another controller may use the same id for a command of its own
      Given a second controller that is paired with it
      And the controller has opened a terminal that runs "cat"
      When the second controller sends the same request
      Then the second controller is answered with a result
      And the agent has opened 2 terminals

    @req:rpc.command.recorded
    Scenario: An error is recorded like a result
      Given the controller has called "terminal.open" for the folder "later", which is not there
      And there is a folder "later" in the workspace
      When the controller sends the same request again
      Then the controller is answered with the recorded response

    @req:rpc.command.recorded
    Scenario: A repetition while the command still runs is answered when the response is there
      Given the assistant takes long to start
      And the controller has given the prompt "say hello", which is not answered yet
      When the controller sends the same request again
      And the assistant has started
      Then both are answered with the same result
      And the assistant has heard 1 prompt

  Rule: The recorded response is given to a repetition that is late or carries no fresh challenge

    @req:rpc.command.recorded-stale
    Scenario: Without a fresh challenge, and overtaken
      Given the controller has opened a terminal that runs "cat"
      When the controller sends the same request again, without a fresh challenge
      Then the controller is answered with the recorded response
      When the controller sends the same request again, and the relay lets a later request overtake it
      Then the controller is answered with the recorded response

  Rule: An id that was used for another method or other params is a "conflict"

    @req:rpc.command.conflict
    Scenario: The id of a "terminal.open" comes again with something else
      Given the controller has opened a terminal that runs "cat"
      Then each of these under the same id is answered with the error "conflict"
        | method         | params                                                  |
        | terminal.open  | {"cols": 80, "rows": 25, "command": ["cat"]}            |
        | terminal.open  | {"cols": 80, "rows": 24}                                |
        | terminal.open  | {"cols": 80, "rows": 24, "command": ["cat"], "more": 1} |
        | claude.cancel  | {"scope": "turn"}                                       |
      And the agent has opened 1 terminal
      When the controller sends the same request again
      Then the controller is answered with the recorded response

    @req:rpc.command.conflict
    Scenario: The order of members does not make other params
      Given the controller has opened a terminal that runs "cat"
      When the controller sends the same request again, with its members in another order
      Then the controller is answered with the recorded response

  Rule: An id that was answered with one of the first five checks is not recorded

    @req:rpc.command.unrecorded @negative
    Scenario: The same id is free for a command that is well made
      Then each of these leaves its id free for a command
        | method         | params       | fresh | error          |
        | no.such.method | {}           | yes   | unknown-method |
        | terminal.open  | {"cols": 80} | yes   | invalid-params |
        | terminal.open  | {"cols": 80, "rows": 24, "command": ["cat"]} | no | stale |

  Rule: An id and its outcome are kept for 72 h after the id was last seen

    @req:rpc.command.keep
    Scenario: After 71 hours, and again after 71 more
      Given the controller has opened a terminal that runs "cat"
      When 71 hours pass
      And the controller sends the same request again
      Then the controller is answered with the recorded response
      When 71 hours pass
      And the controller sends the same request again
      Then the controller is answered with the recorded response

  Rule: "hello" carries a commandEpoch, another one whenever recorded ids were lost

    @req:rpc.command.epoch
    Scenario: An agent that was started anew knows the ids, or says another epoch
      Given the controller has opened a terminal that runs "cat"
      And the "hello" of the agent has carried a commandEpoch
      When the agent is killed, and runs again
      And the controller sends the same request again
      Then the controller is answered with the recorded response, or the commandEpoch is another one

  Rule: Ids are kept on disk, each written before its effect starts

    @req:rpc.command.disk
    Scenario: An agent that was killed knows its commands
      Given the controller has opened a terminal that runs "cat"
      When the agent is killed, and runs again
      Then the commandEpoch is the same
      When the controller sends the same request again
      Then the controller is answered with the recorded response

  Rule: An id of an earlier run without an outcome is answered "interrupted" and not executed

    @req:rpc.command.interrupted
    Scenario: An agent that was killed while it executed a command
      Given the assistant takes long to start
      And the controller has given the prompt "say hello", which is not answered yet
      When the agent is killed, and runs again
      And the controller sends the same request again
      Then the controller is answered with the error "interrupted"
      And the assistant has heard 0 prompts

  Rule: "command.status" tells what became of a command of the caller

    @req:rpc.command.status
    Scenario: A command that runs, and is completed
      Given the assistant takes long to start
      And the controller has given the prompt "say hello", which is not answered yet
      Then "command.status" tells the controller that it is "running"
      When the assistant has started
      Then the controller is answered with a result
      And "command.status" tells the controller that it is "completed"

    @req:rpc.command.status
    Scenario: A command that failed
      Given the controller has called "terminal.open" for the folder "later", which is not there
      Then "command.status" tells the controller that it is "failed"

    @req:rpc.command.status
    Scenario: A command during which the agent was killed
      Given the assistant takes long to start
      And the controller has given the prompt "say hello", which is not answered yet
      When the agent is killed, and runs again
      Then "command.status" tells the controller that it is "interrupted", or "unknown" where the commandEpoch is another one

    @req:rpc.command.status @req:rpc.command.status-own @negative
    Scenario: An id that nobody has used, or only another controller
      Given a second controller that is paired with it
      And the controller has opened a terminal that runs "cat"
      Then "command.status" tells the second controller that it is "unknown"
      And "command.status" tells the controller that it is "completed"
      And "command.status" tells the controller that an id of no command is "unknown"
