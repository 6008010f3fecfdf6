@relay @long
Feature: Liveness
  The scenarios that wait come first in a run, and wait for as long as the spec says.

  Background:
    Given a relay under test

  Rule: A connection from which no text and no binary frame comes for 45 s is closed with 4408

    @req:relay.silence @req:relay.error.first @req:relay.close.code
    Scenario: A client that has bound and falls silent
      Given an agent that has bound its route for a controller, and answers no WebSocket ping
      When the agent is silent
      Then the relay closes the connection of the agent with 4408 "timeout" after 45 s

    @req:relay.silence
    Scenario: Any text or binary frame keeps a connection open
      Given an agent that sends a "ping" every 15 s
      And a phone that sends a frame every 15 s
      When 50 s have passed
      Then the connection of the agent stays open
      And the connection of the phone stays open

    @req:relay.silence @informational
    Scenario: What becomes of a connection from which only WebSocket pongs come
      Given a controller that sends a WebSocket pong every 15 s
      When 50 s have passed
      Then it is recorded whether the connection of the controller stays open

  Rule: A connection without a valid "bind" is closed with 4408 10 s after its "hello"

    @req:relay.bind.time @req:relay.error.first @req:relay.close.code
    Scenario: A client that only listens
      Given a client that has connected
      When the client is silent
      Then the relay closes the connection of the client with 4408 "timeout" after 10 s

    @req:relay.bind.time
    Scenario: A client that sends "ping" and never binds
      Given a client that sends a "ping" every 2 s
      Then the relay closes the connection of the client with 4408 "timeout" after 10 s

    @req:relay.bind.time
    Scenario: A client that has bound in time stays, also when it has given its route up
      Given a client that has bound an open route
      When the client sends "unbind" for its route
      And 13 s have passed
      Then the connection of the client stays open

  Rule: A "ping" is answered with "pong" and the same timestamp, also before the first bind

    @req:relay.ping
    Scenario Outline: Before the first bind, with the timestamp <timestamp>
      Given a client that has connected
      When the client sends "ping" with the timestamp <timestamp>
      Then the client is told "pong" with the timestamp <timestamp>

      Examples:
        | timestamp         |
        | 0                 |
        | 1700000000000     |
        | -1                |
        | 9007199254740991  |

    @req:relay.ping
    Scenario: After a bind
      Given an agent that has bound its route for a controller
      When the agent sends "ping" with the timestamp 42
      Then the agent is told "pong" with the timestamp 42
