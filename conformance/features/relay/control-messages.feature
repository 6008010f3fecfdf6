@relay
Feature: Control messages
  A relay is strict: what it does not know, it does not guess.

  Background:
    Given a relay under test

  Rule: A text frame that is not a JSON object with a known type is malformed

    @req:relay.text.strict
    Scenario Outline: A text frame that is <what> is malformed
      Given an agent that has bound its route for a controller
      When the agent sends a text frame that is <what>
      Then the relay closes the connection of the agent with 4400 "malformed"

      Examples:
        | what                               |
        | empty                              |
        | not JSON                           |
        | half of a JSON object              |
        | two JSON objects                   |
        | a JSON array around a "ping"       |
        | a JSON string                      |
        | the JSON value null                |
        | an object without a type           |
        | an object with a number as type    |
        | an object of an unknown type       |
        | a "Ping" with a capital letter     |
        | a "pong", which only relays send   |

    @req:relay.text.strict
    Scenario: A text frame that is not UTF-8 ends the connection
      Given an agent that has bound its route for a controller
      When the agent sends a text frame that is not UTF-8
      Then the relay closes the connection of the agent with 4400 "malformed", or its WebSocket library with 1007 or none

  Rule: A "bind", "unbind" or "ping" that its schema rejects is malformed

    @req:relay.bind.strict
    Scenario Outline: A "bind" <fault> is malformed
      Given a client that has connected
      When the client sends a "bind" <fault>
      Then the relay closes the connection of the client with 4400 "malformed"

      Examples:
        | fault                                      |
        | without a routeKey                         |
        | without a peer                             |
        | without a signature                        |
        | with an unknown member                     |
        | with a number as peer                      |
        | with an empty peer                         |
        | with a routeKey of 31 bytes                |
        | with a peer of 17 bytes                    |
        | with a signature of 63 bytes               |
        | with padding behind the routeKey           |
        | with a routeKey in the alphabet of base64  |
        | with stray bits behind the signature       |
        | with a space behind the peer               |

    @req:relay.bind.strict
    Scenario Outline: <message> is malformed
      Given an agent that has bound its route for a controller
      When the agent sends <message>
      Then the relay closes the connection of the agent with 4400 "malformed"

      Examples:
        | message                                    |
        | an "unbind" without a route                |
        | an "unbind" with a route of 15 bytes       |
        | an "unbind" with an unknown member         |
        | a "ping" without a timestamp               |
        | a "ping" with a text as timestamp          |
        | a "ping" with a fraction as timestamp      |
        | a "ping" with a timestamp above 2^53       |
        | a "ping" with an unknown member            |

    @req:relay.bind.strict @informational
    Scenario: What becomes of a member that occurs twice
      Given a client that has connected
      When the client sends a "ping" with two timestamps
      Then it is recorded which timestamp the "pong" repeats

  Rule: A text frame larger than 4,096 bytes is malformed

    @req:relay.text.size
    Scenario: A text frame of 4,096 bytes is taken
      Given a client that has connected
      When the client sends a "ping" that fills 4096 bytes
      Then the client is told "pong"

    @req:relay.text.size
    Scenario: A text frame of 4,097 bytes is malformed
      Given a client that has connected
      When the client sends a "ping" that fills 4097 bytes
      Then the relay closes the connection of the client with 4400 "malformed"

    @req:relay.text.size
    Scenario: A text frame as large as the largest frame is malformed, not too large
      Given a client that has connected
      When the client sends a "ping" as large as maxFrame
      Then the relay closes the connection of the client with 4400 "malformed"
