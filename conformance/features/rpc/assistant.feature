@agent
Feature: The assistant
  Prompts go to the assistant one at a time, and controllers are told what becomes of each.

  Background:
    Given an agent under test, with an assistant
    And a controller that is paired with it

  Rule: A prompt is answered when it is accepted, and not when its turn is over

    @req:rpc.claude.accept
    Scenario: A turn that does not end by itself, and a prompt behind it
      When the controller gives the prompt "wait"
      Then the controller is answered that the prompt is "started"
      When the controller gives the prompt "say hello"
      Then the controller is answered that the prompt is "queued"
      And "claude.getStatus" tells the state "running" and 1 prompt in the queue

    @req:rpc.claude.accept
    Scenario: A prompt of 40,000 bytes
      When the controller gives a prompt of 40,000 bytes
      Then the controller is answered that the prompt is "started"
      And the controller is told that the prompt is "completed"

  Rule: Queued prompts go to the assistant one at a time, in the order in which they were accepted

    @req:rpc.claude.order @req:rpc.event.capability
    Scenario: Five prompts of two controllers
      Given a second controller that is paired with it
      And the controller has given the prompt "wait"
      When the two controllers give the prompts "1", "2", "3", "4" and "5" in turn
      And the controller cancels the turn
      Then the assistant hears the prompts "wait", "1", "2", "3", "4" and "5"
      And both controllers are told that each of the prompts began when the one before had ended

  Rule: "claude.messageState" tells each step of a prompt, to its end

    @req:rpc.claude.states
    Scenario: Turns that come to their end, and that fail
      When the controller gives the prompt "say hello"
      Then "claude.messageState" tells the controller that the prompt is "started", then "completed"
      When the controller gives the prompt "fail"
      Then "claude.messageState" tells the controller that the prompt is "started", then "failed"

    @req:rpc.claude.states @req:rpc.claude.cancel
    Scenario: A turn that is cancelled, and the prompt that waited behind it
      Given the controller has given the prompt "wait"
      And the controller has given the prompt "say hello"
      When the controller cancels the turn
      Then the controller is answered that there was something to cancel
      And "claude.messageState" tells the controller that the prompt before is "started", then "cancelled"
      And "claude.messageState" tells the controller that the prompt is "queued", then "started", then "completed"

  Rule: "claude.state" tells each change of what "claude.getStatus" tells

    @req:rpc.claude.state
    Scenario: Idle, running, idle, needs-answer, idle
      When the controller gives the prompt "wait"
      Then the controller is told the state "running", and "claude.getStatus" tells the same
      When the controller cancels the turn
      Then the controller is told the state "idle", and "claude.getStatus" tells the same
      When the controller gives the prompt "ask"
      Then the controller is told the state "needs-answer", and "claude.getStatus" tells the same
      When the controller answers "allow"
      Then the controller is told the state "idle", and "claude.getStatus" tells the same

    @req:rpc.claude.state
    Scenario: Two requests wait, and one is answered
      Given the controller has given the prompt "ask twice at once"
      And the controller has been asked twice
      When the controller answers the first with "allow"
      Then "claude.getStatus" tells the state "needs-answer" and 1 request

  Rule: Each message of the conversation comes whole, the prompts of the person included

    @req:rpc.claude.message
    Scenario: Prompt, thought and answer, to whoever may see them
      Given a second controller that may only "observe"
      When the controller gives the prompt "think, then say hello"
      Then both controllers are told these messages
        | role      | text                  |
        | user      | think, then say hello |
        | thought   | Let me think.         |
        | assistant | Hello                 |

    @req:rpc.claude.message
    Scenario: Pieces come under the messageId of the message that they become
      When the controller gives the prompt "say ten words"
      Then the controller is told that the prompt is "completed"
      And the pieces that "claude.delta" told of each message, joined, are its text

    @req:rpc.claude.delta-offset
    Scenario: Pieces say where in their message they begin
      When the controller gives the prompt "say ten words slowly"
      Then the controller is told that the prompt is "completed"
      And each piece that "claude.delta" told stands in its message at its offset

    @req:rpc.claude.message
    Scenario: A tool call
      When the controller gives the prompt "use a tool"
      Then the controller is told that the prompt is "completed"
      And the controller is told a tool call whose status became "completed"

  Rule: An update of a kind that the agent does not know comes as a message of the role "other", whole

    @req:rpc.claude.unknown-update
    Scenario: An update of the kind "dream"
      When the controller gives the prompt "send an update of the kind dream"
      Then the controller is told a message of the role "other" with the update in raw

  Rule: "claude.cancel" stops the running turn, and with "turn-and-queue" also what waits behind it

    @req:rpc.claude.cancel
    Scenario: With "turn-and-queue" nothing begins
      Given the controller has given the prompt "wait"
      And the controller has given the prompt "say hello"
      When the controller cancels the turn and the queue
      Then the controller is answered that there was something to cancel
      And the controller is told that both prompts are "cancelled"
      And the assistant has heard 1 prompt

    @req:rpc.claude.cancel
    Scenario: There is nothing to cancel
      When the controller cancels the turn
      Then the controller is answered that there was nothing to cancel

    @req:rpc.claude.cancel
    Scenario: An assistant that does not hear a cancel
      Given the controller has given the prompt "wait, and hear no cancel"
      When the controller cancels the turn
      And 30 s have passed
      Then the controller is told that the prompt is "cancelled"

  Rule: A prompt for an assistant that cannot be started is "assistant-unavailable"

    @req:rpc.claude.unavailable
    Scenario: The assistant ends as soon as it is started
      Given an agent under test, whose assistant cannot be started
      And a controller that is paired with it
      When the controller gives the prompt "say hello"
      Then the controller is answered with the error "assistant-unavailable"
      And "claude.getStatus" tells the state "idle" and 0 prompts in the queue

    @req:rpc.claude.unavailable
    Scenario: There is no assistant
      Given an agent under test, without an assistant
      And a controller that is paired with it
      When the controller gives the prompt "say hello"
      Then the controller is answered with the error "assistant-unavailable"

  Rule: When the assistant stops by itself the prompt has "failed", and "claude.state" tells the reason

    @req:rpc.claude.died
    Scenario: The assistant ends in the middle of a turn, and is there again for the next
      When the controller gives the prompt "crash"
      Then the controller is told that the prompt is "failed"
      And the controller is told the state "idle" with a reason
      When the controller gives the prompt "say hello"
      Then the controller is told that the prompt is "completed"
