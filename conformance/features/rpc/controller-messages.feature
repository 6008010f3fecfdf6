@controller
Feature: Messages to a controller
  A controller asks and is told. What it cannot read it says, and what is new it can stand.

  Background:
    Given a controller under test that is paired with an agent

  Rule: Requests are UTF-8 JSON, alone or inside a batch of 2 to 10 messages

    @req:rpc.message.frame @req:rpc.batch.frame
    Scenario: Twenty calls at once
      When the person asks 20 times for "agent.info" at once
      And the agent answers each
      Then all of them have succeeded
      And all that the controller has sent fits its schema

  Rule: Each new request has a fresh id, and each repetition the id of the first

    @req:rpc.message.id @req:rpc.command.no-timeout @negative
    Scenario: The connection is lost before the answer
      When the person asks for "claude.sendMessage"
      And the agent gets the request, and does not answer
      And the relay cuts the connection of the controller, which comes back
      Then the controller repeats the request
      When the agent answers it
      Then the call has succeeded

  Rule: A content that is not UTF-8 JSON is answered with the control "error" "parse-error"

    @req:rpc.message.parse-error
    Scenario: What is no JSON
      Then each of these is answered with the control "error" "parse-error"
        | a message frame that is empty                        |
        | a message frame that ends in the middle of an event  |
        | a message frame that holds a byte that is not UTF-8  |
        | a batch frame that ends in the middle of an event    |
      And the person can still call the agent

  Rule: What is no valid message or batch is answered with the control "error" "invalid-request", and nothing in it is acted on

    @req:rpc.message.invalid @req:rpc.batch.invalid
    Scenario: A "claude.state" that is no valid message
      Then each of these is answered with the control "error" "invalid-request"
        | an event without an id                  |
        | an event with an id in upper case       |
        | a message of an unknown type            |
        | an event without a method               |
        | an event with an array for params       |
        | an array with an event in it            |
        | a batch in a message frame              |
        | a batch of one event                    |
        | a batch of eleven events                |
        | a batch with a batch among its messages |
        | a batch whose second message has no id  |
        | an event in a batch frame               |
      And the person is told no event

  Rule: The messages of a batch are handled in their order

    @req:rpc.batch.order
    Scenario: Three events in one batch
      When the agent sends the events "one", "two" and "three" in one batch
      Then the person is told "one", "two" and "three" in this order

  Rule: What is unknown is ignored or kept, and breaks nothing

    @req:rpc.message.unknown-members @req:rpc.message.unknown-event @negative
    Scenario: Members and events of a later version
      When the person asks for "agent.info"
      And the agent answers it with unknown members in the message and in its result
      Then the call has succeeded
      When the agent sends an event of a later version
      And the agent sends a "claude.state" whose state is of a later version
      Then the agent is told no control "error"
      And the person can still call the agent

    @req:errors.code.unknown
    Scenario: A response whose code is of a later version
      When the person asks for "agent.info"
      And the agent answers it with an error whose code is of a later version
      Then the call has failed
      And the agent is told no control "error"
      And the person can still call the agent

  Rule: A response whose id the controller does not wait for is ignored

    @req:rpc.message.unmatched
    Scenario: A response that nobody awaits, and a second one
      When the agent sends a response that nobody awaits
      And the person asks for "agent.info"
      And the agent answers it, and then again with an error
      Then the call has succeeded
      And the agent is told no control "error"
      And the person can still call the agent

  Rule: A request to a controller is "unknown-method"

    @req:rpc.message.controller-request @req:errors.code.registry
    Scenario: The agent calls
      When the agent calls "agent.info"
      Then the agent is answered with the error "unknown-method"
      And the person can still call the agent

  Rule: No message waits more than 50 ms for company, and an urgent one not at all

    @req:rpc.batch.delay @req:rpc.batch.urgent @negative
    Scenario: Ten calls, one after the other
      When the person asks 10 times for "agent.info", each time after the last answer
      Then the fastest request came in less than 50 ms
