@agent
Feature: Batches
  Several small messages share one encryption, and none of them waits long.

  Background:
    Given an agent under test, with an assistant
    And a controller that is paired with it

  Rule: A batch has 2 to 10 messages and at most 65,536 bytes, and no batch among them

    @req:rpc.batch.frame
    Scenario: Hundreds of small events, and ten large ones, at once
      When the controller gives the prompt "think and speak in turn a hundred times"
      And the controller gives the prompt "say ten long sentences at once"
      Then the controller is told that both prompts are "completed"
      And each batch of the agent has 2 to 10 messages and at most 65,536 bytes

  Rule: What is no valid batch as a whole is answered with the control "error" "invalid-request", and nothing in it is acted on

    @req:rpc.batch.invalid
    Scenario: A "terminal.open" inside what is no valid batch
      Then each of these is answered with the control "error" "invalid-request"
        | a batch of one request                        |
        | a batch of eleven requests                    |
        | a batch with a batch among its messages       |
        | a batch whose second message has no id        |
        | a batch without a type                        |
        | an array of requests in a batch frame         |
        | a request in a batch frame                    |
      And the agent has opened no terminal

  Rule: The messages of a batch are handled in their order, as if each had come alone

    @req:rpc.batch.order
    Scenario: What is typed in one batch arrives in its order
      Given the controller has opened a terminal that runs "cat"
      When the controller types "one", "two" and "three" in one batch
      Then each "terminal.write" is accepted
      And the terminal shows "onetwothree"

    @req:rpc.batch.order
    Scenario: Each request of a batch is answered
      When the controller calls "agent.info", "no.such.method" and "device.list" in one batch
      Then the first and the third are answered with a result, and the second with "unknown-method"

  Rule: No message waits more than 50 ms for company

    @req:rpc.batch.delay @negative
    Scenario: After quiet the first of five events that are 20 ms apart goes out at once, and the last soon after it
      When the controller gives the prompt "say five words after a second"
      Then the five words come within 1.5 s of each other

  Rule: An urgent message goes at once, behind those that wait and in the same batch where they fit

    @req:rpc.batch.urgent
    Scenario: A permission request overtakes nothing, and nothing behind it holds it back
      When the controller gives the prompt "say five words and ask at once"
      Then the controller is told the five words and only then "permission.requested"
      And "permission.requested" is the last message of its frame

    @req:rpc.batch.urgent
    Scenario: A message that comes after quiet does not wait
      When the controller calls "agent.info" 20 times, each when the last was answered
      Then the fastest answer took less than 50 ms
