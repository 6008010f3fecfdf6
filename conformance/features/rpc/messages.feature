@agent
Feature: Messages to an agent
  Requests, responses and events are JSON. What cannot be read is told, and what is new is ignored.

  Background:
    Given an agent under test, with an assistant
    And a controller that is paired with it

  Rule: Requests, responses and events are UTF-8 JSON, alone or inside a batch

    @req:rpc.message.frame
    Scenario: Responses and events fit their schemas
      When the controller calls "agent.info"
      And the controller gives the prompt "think, then say hello"
      Then the controller is told that the prompt is "completed"
      And all that the agent has sent fits its schema

  Rule: A content that is not UTF-8 JSON is answered with the control "error" "parse-error"

    @req:rpc.message.parse-error
    Scenario: What is no JSON
      Then each of these is answered with the control "error" "parse-error"
        | a message frame that is empty                         |
        | a message frame that ends in the middle of a request  |
        | a message frame that holds a byte that is not UTF-8   |
        | a batch frame that is empty                           |
        | a batch frame that ends in the middle of a request    |
      And the agent still answers the controller

  Rule: JSON that is no valid message is answered with the control "error" "invalid-request", and nothing in it is acted on

    @req:rpc.message.invalid
    Scenario: A "terminal.open" that is no valid message
      Then each of these is answered with the control "error" "invalid-request"
        | a request without an id                   |
        | a request with an id in upper case        |
        | a request with a number for an id         |
        | a request without a type                  |
        | a message of an unknown type              |
        | a request without a method                |
        | a request with a method of 65 characters  |
        | a request without params                  |
        | a request with an array for params        |
        | an array with a request in it             |
        | a batch in a message frame                |
      And the agent has opened no terminal

  Rule: Unknown members are ignored

    @req:rpc.message.unknown-members
    Scenario: A request with members of a later version is executed
      When the controller calls "agent.info" with unknown members in the message and in its params
      Then the controller is answered with a result

  Rule: An agent ignores responses and events

    @req:rpc.message.agent-ignores
    Scenario: A controller that sends what only agents send
      When the controller sends a response, an error and the event "claude.state"
      Then the agent sends nothing because of them
      And the agent still answers the controller

  Rule: A response goes out in the session that is current when it is ready

    @req:rpc.message.current-session
    Scenario: A new session begins between a request and its answer
      Given the assistant takes long to start
      And the controller has given the prompt "say hello", which is not answered yet
      When the controller makes a new session
      And the assistant has started
      Then the controller is answered in the new session

  Rule: An error whose code is not known is no malformed message

    @req:errors.code.unknown
    Scenario: A control "error" with a code of a later version changes nothing
      When the controller sends a control "error" whose code is of a later version
      Then the agent sends nothing because of it
      And the agent still answers the controller

  Rule: A code is sent only where the registry lists it

    @req:errors.code.registry
    Scenario: Whatever a controller does wrong, the answer has a code of the registry
      When the controller does everything wrong that a controller can
      Then all that the agent has sent fits its schema
