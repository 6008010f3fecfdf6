@agent
Feature: The order of events
  What happened first is told first, however large it is.

  Background:
    Given an agent under test, with an assistant
    And a controller that is paired with it

  Rule: An event comes behind all of those before it, bodies included, and a piece of a message not behind its whole

    @req:rpc.event.order
    Scenario Outline: <what>, and a request of the assistant
      When the controller gives the prompt "<prompt>"
      Then the controller is told the request of the assistant, and before it every entry before it, in order

      Examples:
        | what                              | prompt                                        |
        | A message of 1,000,000 characters | say 1,000,000 characters, and ask             |
        | A message of 2,400,000 bytes      | say 400,000 control characters, and ask       |
        | A tool with a long output         | use a tool that says 900,000 characters, and ask |

    @req:rpc.event.order
    Scenario: A window that has no room for pieces, and room for messages
      Given a second controller that is paired with it
      When the controller stops acknowledging
      And the controller is answered 104 times with the error "unknown-method", each time in a frame of its own
      And the second controller gives the prompt "say five words slowly, and ask"
      Then the controller is told the request of the assistant, and before it every entry before it, in order
      When the controller acknowledges again
      And the controller calls "agent.info"
      Then the controller is answered with a result
      And the controller is told each piece of a message before its whole
