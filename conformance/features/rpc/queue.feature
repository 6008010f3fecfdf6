@controller
Feature: The queue of a controller
  What the person gives while the agent is away is stored, and sent when the agent is there: in order, one at a time,
  once, and not after its time.

  Background:
    Given a controller under test that has a queue, and is paired with an agent

  Rule: Queued commands are sent in their order, each when the one in front of it was answered

    @req:rpc.queue.order @req:rpc.queue.one @negative
    Scenario: Three prompts for an agent that was away
      When the agent goes away
      And the person queues the prompt "one"
      And the person queues the prompt "two"
      And the person queues the prompt "three"
      And the agent comes back
      Then the agent gets the prompt "one"
      And the agent gets no other prompt
      When the agent answers it
      Then the agent gets the prompt "two"
      And the agent gets no other prompt
      When the agent answers it with the error "assistant-unavailable"
      Then the agent gets the prompt "three"
      When the agent answers it
      Then the prompt "one" is "completed"
      And the prompt "two" is "failed"
      And the prompt "three" is "completed"

    @req:rpc.queue.order
    Scenario: The person moves one
      When the agent goes away
      And the person queues the prompt "one"
      And the person queues the prompt "two"
      And the person queues the prompt "three"
      And the person moves the prompt "three" to the place 1
      And the agent comes back
      Then the agent gets the prompt "three"
      When the agent answers it
      Then the agent gets the prompt "one"

    @req:rpc.queue.order
    Scenario: The agent is there
      When the person queues the prompt "one"
      Then the agent gets the prompt "one"
      When the agent answers it
      Then the prompt "one" is "completed"

  Rule: What is too large to be sent is not queued, and the others go on

    @req:rpc.stream.most @req:rpc.queue.order @negative
    Scenario: A prompt that is too large between two others
      When the agent goes away
      And the person queues the prompt "one"
      Then the person cannot queue a prompt of 1,048,577 bytes, because it is "too-large"
      When the person queues the prompt "two"
      And the agent comes back
      Then the agent gets the prompt "one"
      When the agent answers it
      Then the agent gets the prompt "two"

  Rule: A queued command is encrypted when it is sent

    @req:rpc.queue.encrypt
    Scenario: Another session has begun meanwhile
      When the agent goes away
      And the person queues the prompt "one"
      And the agent comes back, and asks for a new session before it says "hello"
      Then the agent gets the prompt "one" in that session

  Rule: A queued command is kept until it has ended, and has one id for ever

    @req:rpc.queue.kept @req:rpc.queue.id
    Scenario: The program is killed before it could send anything
      When the agent goes away
      And the person queues the prompt "one"
      And the person queues the prompt "two"
      And the program is killed and started again with its state
      And the agent comes back
      Then the agent gets the prompt "one"
      When the agent answers it
      Then the agent gets the prompt "two"

    @req:rpc.queue.kept @req:rpc.queue.id
    Scenario: The program is killed while the answer is on its way
      When the person queues the prompt "one"
      And the person queues the prompt "two"
      Then the agent gets the prompt "one"
      When the program is killed and started again with its state
      Then the agent gets the prompt "one" again, under the same id
      When the agent answers it
      Then the agent gets the prompt "two"
      When the agent answers it
      Then the prompt "one" is "completed"
      And the prompt "two" is "completed"

    @req:rpc.queue.id
    Scenario: The connection is lost while the answer is on its way
      When the person queues the prompt "one"
      Then the agent gets the prompt "one"
      When the agent goes away
      And the agent comes back
      Then the agent gets the prompt "one" again, under the same id

    @req:rpc.queue.kept
    Scenario: The clock is set back by a day
      When the agent goes away
      And the person queues the prompt "one"
      And the clock of the controller is moved by -24 h
      And the agent comes back
      Then the agent gets the prompt "one"

    @req:session.state.at-rest @negative
    Scenario: No prompt stands in clear in what is stored
      When the agent goes away
      And the person queues the prompt "something that nobody else may read"
      Then the prompt "something that nobody else may read" does not stand in what the program has stored

  Rule: The person can change what was not sent, and nothing else

    @req:rpc.queue.edited
    Scenario: Edited before it is sent
      When the agent goes away
      And the person queues the prompt "one"
      And the person edits the prompt "one" to "something better"
      And the agent comes back
      Then the agent gets the prompt "something better"

    @req:rpc.queue.unchanged @negative
    Scenario: Edited after it was sent
      When the person queues the prompt "one"
      Then the agent gets the prompt "one"
      And the person cannot edit the prompt "one"
      When the agent goes away
      And the agent comes back
      Then the agent gets the prompt "one" again, under the same id

    @req:rpc.queue.cancelled @negative
    Scenario: Cancelled before it is sent
      When the agent goes away
      And the person queues the prompt "one"
      And the person queues the prompt "two"
      And the person cancels the prompt "one"
      And the agent comes back
      Then the agent gets the prompt "two"
      And the agent gets no other prompt
      And the prompt "one" is "cancelled"

  Rule: A queued command is not sent more than 24 h after it was given

    @req:rpc.queue.expiry @negative
    Scenario: The agent is away for 25 h
      When the agent goes away
      And the person queues the prompt "one"
      And the clock of the controller is moved by 25 h
      And the person queues the prompt "two"
      And the agent comes back
      Then the agent gets the prompt "two"
      And the agent gets no other prompt
      And the prompt "one" is "expired"

    @req:rpc.queue.expiry @negative
    Scenario: It was sent, and is not answered for 25 h
      When the person queues the prompt "one"
      Then the agent gets the prompt "one"
      When the agent goes away
      And the clock of the controller is moved by 25 h
      And the agent comes back
      Then the controller does not repeat the request
      And the prompt "one" is "uncertain"

    @req:rpc.queue.kept
    Scenario: The agent is away for 23 h
      When the agent goes away
      And the person queues the prompt "one"
      And the clock of the controller is moved by 23 h
      And the agent comes back
      Then the agent gets the prompt "one"

  Rule: What may have been sent under another commandEpoch is not sent again, but "uncertain"

    @req:rpc.queue.epoch @negative
    Scenario: The agent has lost its commands, and the controller was killed
      When the person queues the prompt "one"
      And the person queues the prompt "two"
      Then the agent gets the prompt "one"
      When the agent has another commandEpoch from now on
      And the program is killed and started again with its state
      Then the agent gets the prompt "two"
      And the agent gets no other prompt
      And the prompt "one" is "uncertain"

    @req:rpc.queue.epoch @negative
    Scenario: The agent has lost its commands while it was away
      When the person queues the prompt "one"
      And the person queues the prompt "two"
      Then the agent gets the prompt "one"
      When the agent goes away
      And the agent has another commandEpoch from now on
      And the agent comes back
      Then the agent gets the prompt "two"
      And the agent gets no other prompt
      And the prompt "one" is "uncertain"

    @req:rpc.queue.kept
    Scenario: What was not sent yet belongs to no commandEpoch
      When the agent goes away
      And the person queues the prompt "one"
      And the agent has another commandEpoch from now on
      And the agent comes back
      Then the agent gets the prompt "one"

  Rule: "claude.cancel", "permission.answer" and "question.answer" do not wait for the queue

    @req:rpc.queue.bypass @negative
    Scenario Outline: "<method>" while a queued prompt is not answered
      When the person queues the prompt "one"
      And the person queues the prompt "two"
      Then the agent gets the prompt "one"
      When the person asks for "<method>"
      And the agent answers it
      Then the call has succeeded
      And the prompt "two" is "pending"

      Examples:
        | method            |
        | claude.cancel     |
        | permission.answer |
        | question.answer   |
